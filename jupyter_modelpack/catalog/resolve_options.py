"""What a packaging may ask for beyond what goes in: a lock, newer packages, a newer base image."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_modelpack.builder.lock.from_image import lock_in
from jupyter_modelpack.builder.source_date import parse_time
from jupyter_modelpack.catalog import package_record
from jupyter_modelpack.catalog.text_file import read_text
from jupyter_modelpack.errors import NotFound, PathNotFound, UsageError

if TYPE_CHECKING:
    from jupyter_modelpack.catalog.workspace_folder import WorkspaceFolder


@dataclass(frozen=True, slots=True)
class ResolveOptions:
    """How what goes in is found.

    Attributes:
        lock: Text of a pylock.toml to install in place of resolving the requirements; empty for none.
        upgrade: Whether the requirements are resolved again, though there is a lock from before.
        pull: Whether a base image named by a tag is asked for again, though there is one from before.
        created: The time that the image is to name as its own; None for that of its base image.
        build_sources: Whether source archives that the lock names may be built here, which runs their code.
        allow_version_drift: Whether models may be packaged with other versions of the libraries that made them.
    """

    lock: str = ""
    upgrade: bool = False
    pull: bool = False
    created: datetime | None = None
    build_sources: bool = False
    allow_version_drift: bool = False


DEFAULT = ResolveOptions()


def choose(
    workspace: WorkspaceFolder,
    lock: str | os.PathLike[str] | None,
    *,
    upgrade: bool,
    pull: bool,
    created: datetime | str | None = None,
    build_sources: bool = False,
    allow_version_drift: bool = False,
) -> ResolveOptions:
    """Return the choices that people made.

    Args:
        workspace: Where a package's lock is looked for.
        lock: A pylock.toml, or the name of a package whose lock to use again.
        upgrade: As in `ResolveOptions`.
        pull: As in `ResolveOptions`.
        created: As in `ResolveOptions`, or as people write it.
        build_sources: As in `ResolveOptions`.
        allow_version_drift: As in `ResolveOptions`.

    Raises:
        UsageError: a lock and its opposite are both asked for.
        NotFound: there is no such file, and no such package.
    """
    when = parse_time(created.isoformat() if isinstance(created, datetime) else str(created)) if created else None
    if lock is None:
        return ResolveOptions(upgrade=upgrade, pull=pull, created=when, allow_version_drift=allow_version_drift)
    if upgrade:
        raise UsageError("A lock says which versions, and upgrade asks for newer ones.", hint="Choose one of them.")
    return ResolveOptions(
        _text(workspace, lock),
        pull=pull,
        created=when,
        build_sources=build_sources,
        allow_version_drift=allow_version_drift,
    )


def _text(workspace: WorkspaceFolder, lock: str | os.PathLike[str]) -> str:
    if Path(lock).exists():
        return read_text(Path(lock), "lock")
    try:
        record = package_record.find(workspace, str(lock))
    except NotFound as error:
        raise PathNotFound(
            f"There is no lock {str(lock)!r}: neither a file nor a package has that name.",
            hint="Name a pylock.toml, or a package whose versions to use again.",
            code="no-lock",
        ) from error
    return lock_in(workspace.store.image(record.descriptor))
