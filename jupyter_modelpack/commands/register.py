"""register: keep a file or folder as a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.grammar.parse import as_dict
from jupyter_modelpack.commands.models import model_row
from jupyter_modelpack.commands.results import Registered
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand


def register(
    report: Reporter,
    *,
    path: Annotated[str | None, Option("File or folder", positional=True, metavar="PATH", completes="path")] = None,
    name: Annotated[
        str | None, Option("Name of the model; by default, that of the file", "-n", metavar="NAME", completes="model")
    ] = None,
    description: Annotated[str | None, Option("What the model is")] = None,
    tag: Annotated[tuple[str, ...], Option("Tag to keep with the model", "-t", kind="pair", metavar="KEY=VALUE")] = (),
    workspace: options.Workspace = None,
) -> Registered:
    """Register a file or folder; by default under its own name without the ending."""
    from jupyter_modelpack.api.model import Model

    if path is None:
        raise UsageError("register needs a file or a folder.", hint="register model.pkl --name diabetes")
    model = Model.register(
        lookup.workspace(workspace),
        path,
        name or default_name(path),
        tags=as_dict(tag),
        description=description,
        report=report,
    )
    return Registered(model_row(model), model)


def default_name(path: str | Path) -> str:
    """Return the name under which a path is registered when nobody names it: its own, without the ending.

    What a model's name may not have is left out of it.
    """
    from jupyter_modelpack.catalog.models.model_metadata import usable_name

    file = expand(path).absolute()
    return usable_name(file.stem if file.is_file() else file.name)
