"""create: a workspace."""

from __future__ import annotations

import shlex
from typing import Annotated

from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Created
from jupyter_modelpack.errors import Conflict, UsageError
from jupyter_modelpack.events import Reporter


def create(
    _report: Reporter,
    *,
    name: Annotated[str | None, Option("Name of the workspace", positional=True, metavar="NAME")] = None,
    folder: Annotated[
        str | None,
        Option(
            "Folder to make it in; by default, one of its name where all workspaces lie",
            metavar="FOLDER",
            completes="path",
        ),
    ] = None,
) -> Created:
    """Make a workspace, as `Workspace.create` does; raise `Conflict` when there is one of that name."""
    from jupyter_modelpack.api.workspace import Workspace
    from jupyter_modelpack.home import expand

    if name is None:
        raise UsageError("create needs the name of the workspace.", hint="create diabetes")
    try:
        made = Workspace.create(name, path=expand(folder) if folder else None)
    except Conflict as error:
        if error.code == "workspace-exists":
            error.hint = f"It is there to be used: --workspace {shlex.quote(folder or name)}."
        raise
    return Created(made.name, made.path, str(made.path) if folder else made.name, made)
