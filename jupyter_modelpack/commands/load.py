"""load: take a package out of a file that save has written."""

from __future__ import annotations

from typing import Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Loaded
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter


def load(
    report: Reporter,
    *,
    file: Annotated[
        str | None, Option("File that save has written", positional=True, metavar="FILE", completes="path")
    ] = None,
    tag: Annotated[str | None, Option("Tag to give it; by default, the one it had", "-t", metavar="TAG")] = None,
    workspace: options.Workspace = None,
) -> Loaded:
    """Take the package in `file` into the workspace, under the name it had."""
    from jupyter_modelpack.api.package import ModelPackage

    if file is None:
        raise UsageError("load needs a file.", hint="load package.tar, for example.", code="no-file")
    package = ModelPackage.load(lookup.workspace(workspace), file, tag=tag, report=report)
    return Loaded(package.location or "", str(package.digest), package.size, tuple(package.models), package)
