"""Push and Save, from a button."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from jupyter_modelpack.commands.push import push
from jupyter_modelpack.commands.results import Archived
from jupyter_modelpack.commands.save import save
from jupyter_modelpack.events import Event, Progress, Reporter
from jupyter_modelpack.frontends.live.line_feed import BATCH_SECONDS
from jupyter_modelpack.frontends.render import humanize

if TYPE_CHECKING:
    from jupyter_modelpack.commands.results import Packaged


def to_registry(package: Packaged, target: str, workspace: str | None, tell: Callable[[str], None]) -> str:
    """Push an image; return what to say of it."""
    done = push(_reporter(tell), package=package.reference, target=target, workspace=workspace)
    took = humanize.seconds(done.seconds)
    return f"Pushed {done.reference} in {took}; for good it is {done.reference.rpartition(':')[0]}@{done.digest}"


def to_disk(package: Packaged, name: str, workspace: str | None, tell: Callable[[str], None]) -> str:
    """Write an image to a file, a Dockerfile to a folder; return what to say of it."""
    if package.dockerfile:
        done = save(Reporter(), package=package.reference, output=name or ".", workspace=workspace)
        return f"Wrote {len(done.files)} files to {done.folder}"
    done = save(_reporter(tell), package=package.reference, file=name or ".", workspace=workspace)
    size = humanize.size(done.size, 3) if isinstance(done, Archived) else ""
    return f"Wrote {size} to {name}; docker load, podman load and modelpack load take it"


def _reporter(tell: Callable[[str], None]) -> Reporter:
    """Return a reporter that tells how far the bytes are, a few times a second."""
    last = 0.0

    def take(event: Event) -> None:
        nonlocal last
        now = time.monotonic()
        if isinstance(event, Progress) and event.total and now - last >= BATCH_SECONDS:
            last = now
            tell(f"{event.what}: {humanize.size(event.done, 3)} of {humanize.size(event.total, 3)}")

    return Reporter(take)
