"""Which workspace the code of this kernel made or opened last: the one it means when it names none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_last: Path | None = None
_ours = threading.local()


def note(folder: Path) -> None:
    """Take note that a workspace was made or opened, unless it is a verb that looks into it."""
    global _last  # noqa: PLW0603 - one kernel, one last workspace
    if not getattr(_ours, "looking", False):
        _last = folder


@contextmanager
def unnoticed() -> Iterator[None]:
    """Open workspaces on behalf of a verb: that it was named once makes it no other cell's."""
    before = getattr(_ours, "looking", False)
    _ours.looking = True
    try:
        yield
    finally:
        _ours.looking = before


def last() -> Path | None:
    """Return the folder of the workspace that was made or opened last; None when there is none, or no more."""
    return _last if _last is not None and (_last / "oci-layout").exists() else None
