"""images: what ``docker images`` shows, with any engine."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_modelpack.commands import choose
from jupyter_modelpack.commands.packages import image_row
from jupyter_modelpack.engine.base import ImageRow
from jupyter_modelpack.events import Reporter


@dataclass(frozen=True, slots=True)
class Images:
    """Local images, newest first.

    Attributes:
        engine: Whose they are; with ``process``, the workspace's own.
    """

    engine: str
    rows: tuple[ImageRow, ...]


def images(_report: Reporter, *, ours: bool = False, workspace: str | None = None, engine: str | None = None) -> Images:
    """Return the engine's images; without a container engine, the workspace's packages."""
    chosen = choose.engine(engine)
    if chosen.isolated:
        rows = chosen.images()
    else:
        packages = choose.workspace(workspace).packages
        rows = [image_row(package) for package in packages if not package.generate_dockerfile]
    return Images(chosen.name, tuple(row for row in rows if row.ours or not ours))
