"""save: write a package's Dockerfile with its files to a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jupyter_modelpack.commands import choose
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand


@dataclass(frozen=True, slots=True)
class Saved:
    """A Dockerfile with its files.

    Attributes:
        files: Their paths in the folder, sorted.
    """

    reference: str
    folder: Path
    files: tuple[str, ...]


def save(
    _report: Reporter, *, package: str | None = None, output: str = "imagefiles", workspace: str | None = None
) -> Saved:
    """Write what ``docker build`` needs; the workspace's own registry serves the base it names."""
    wanted = choose.package(choose.workspace(workspace), package, dockerfile=True)
    if not wanted.generate_dockerfile:
        raise UsageError(
            f"{wanted.location} is an image, no Dockerfile.",
            hint="Package it with --dockerfile to get one; pull puts the image into the container engine.",
            code="not-a-dockerfile",
        )
    folder = expand(output)
    wanted.save(folder)
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return Saved(wanted.location or "", folder, tuple(files))
