"""save: write a package to disk, an image as one file, a Dockerfile with its files to a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Archived, Saved
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand

if TYPE_CHECKING:
    from jupyter_modelpack.api.package import ModelPackage


def save(
    report: Reporter,
    *,
    package: options.Package = None,
    file: Annotated[
        str | None,
        Option(
            "File to write the whole package to, for docker load, podman, skopeo and load; one that is there is "
            "replaced",
            positional=True,
            metavar="FILE",
            completes="path",
        ),
    ] = None,
    output: Annotated[
        str,
        Option(
            "Folder to write a Dockerfile package to; by default, imagefiles", "-o", metavar="FOLDER", completes="path"
        ),
    ] = "imagefiles",
    workspace: options.Workspace = None,
) -> Saved:
    """Write an image with its lock to `file`, or what ``docker build`` needs to the folder `output`."""
    wanted = lookup.package(lookup.workspace(workspace), package, dockerfile=file is None)
    if file is not None:
        return _archive(wanted, expand(file), report)
    if not wanted.generate_dockerfile:
        raise UsageError(
            f"{wanted.location} is an image, no Dockerfile.",
            hint="Name the file to write it to: save PACKAGE FILE. Package with --dockerfile to get a Dockerfile.",
            code="not-a-dockerfile",
        )
    folder = expand(output)
    wanted.save(folder)
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return Saved(wanted.location or "", folder, tuple(files))


def _archive(wanted: ModelPackage, file: Path, report: Reporter) -> Archived:
    if wanted.generate_dockerfile:
        raise UsageError(
            f"{wanted.location} is a Dockerfile with its files, no image.",
            hint="Write it to a folder with --output FOLDER.",
            code="not-an-image",
        )
    beside = wanted.save_archive(file, report=report)
    return Archived(wanted.record.name, file.parent, (file.name,), file.stat().st_size, beside)
