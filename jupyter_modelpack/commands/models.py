"""models: what is registered in a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import ModelRow, Models
from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.events import Reporter

if TYPE_CHECKING:
    from jupyter_modelpack.api.model import Model


def models(
    _report: Reporter,
    *,
    name: Annotated[
        str | None, Option("Only this model, all its versions", positional=True, metavar="NAME", completes="model")
    ] = None,
    workspace: options.Workspace = None,
) -> Models:
    """Return the latest version of each model, or all versions of the one named."""
    from jupyter_modelpack.api.model import Model

    ws = lookup.workspace(workspace)
    found = Model.list(ws, name=name, latest=name is None)
    if name is not None and not found:
        raise NotFound(
            f"No model named {name!r} is registered in workspace {ws.name!r}.",
            hint=f"{lookup.elsewhere(ws, 'model', name)}There are: {', '.join(sorted(ws.models)) or 'none yet'}.",
            code="model-not-found",
        )
    return Models(ws.name, tuple(model_row(model) for model in found))


def model_row(model: Model) -> ModelRow:
    """Return a model as what listings show of it."""
    return ModelRow(model.name, model.version, model.created_time, model.size, dict(model.tags), model.description)
