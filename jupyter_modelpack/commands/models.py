"""models, register: what is registered in a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.grammar.pairs import as_dict
from jupyter_modelpack.commands.results import ModelRow, Models, Registered
from jupyter_modelpack.errors import NotFound, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand

if TYPE_CHECKING:
    from jupyter_modelpack.api.model import Model


def models(_report: Reporter, *, name: str | None = None, workspace: str | None = None) -> Models:
    """Return the latest version of each model, or all versions of the one named."""
    from jupyter_modelpack.api.model import Model  # noqa: PLC0415 - verbs start fast

    where = lookup.workspace(workspace)
    found = Model.list(where, name=name, latest=name is None)
    if name is not None and not found:
        raise NotFound(
            f"No model named {name!r} is registered in workspace {where.name!r}.",
            hint=f"{lookup.elsewhere(where, 'model', name)}There are: {', '.join(sorted(where.models)) or 'none yet'}.",
            code="model-not-found",
        )
    return Models(where.name, tuple(_row(model) for model in found))


def register(
    report: Reporter,
    *,
    path: str | None = None,
    name: str | None = None,
    description: str | None = None,
    tag: tuple[str, ...] = (),
    workspace: str | None = None,
) -> Registered:
    """Register a file or folder; by default under its own name without the ending."""
    from jupyter_modelpack.api.model import Model  # noqa: PLC0415 - verbs start fast

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
    return Registered(_row(model), model)


def default_name(path: str | Path) -> str:
    """Return the name under which a path is registered when nobody names it: its own, without the ending.

    What a model's name may not have is left out of it.
    """
    from jupyter_modelpack.catalog.model_metadata import usable_name  # noqa: PLC0415 - verbs start fast

    file = expand(path).absolute()
    return usable_name(file.stem if file.is_file() else file.name)


def _row(model: Model) -> ModelRow:
    return ModelRow(model.name, model.version, model.created_time, model.size, dict(model.tags), model.description)
