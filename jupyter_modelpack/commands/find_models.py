"""The models of a package, from the words that name them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_modelpack.commands.models import default_name
from jupyter_modelpack.commands.parse import nearest
from jupyter_modelpack.engine.base import LABEL
from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.events import Reporter

if TYPE_CHECKING:
    from jupyter_modelpack.workspace.model import Model
    from jupyter_modelpack.workspace.workspace import Workspace

CONTENT = f"{LABEL}.content"
"""Property of a model that was registered on the way: what its files hold."""


def find_models(where: Workspace, named: Sequence[str], report: Reporter) -> list[Model]:
    """Return the models; one that is named by its path is registered, unless its files have not changed."""
    return [_model(where, one, report) for one in named]


def _model(where: Workspace, named: str, report: Reporter) -> Model:
    from jupyter_modelpack.workspace.model import Model  # noqa: PLC0415 - verbs start fast

    known = where.models
    if named in known:
        return known[named]
    name, _, version = named.rpartition(":")
    if version.isdecimal() and name in known:
        return Model(where, id=named)
    path = Path(named).expanduser()
    if path.exists():
        return _from_path(where, path, known.get(default_name(path)), report)
    guess = nearest(named, known)
    raise NotFound(
        f"No model named {named!r} is registered in workspace {where.name!r}, and no file or folder has that name.",
        hint=f"Did you mean {guess}?" if guess else f"Registered are: {', '.join(sorted(known)) or 'none yet'}.",
        code="model-not-found",
    )


def _from_path(where: Workspace, path: Path, latest: Model | None, report: Reporter) -> Model:
    from jupyter_modelpack.workspace.model import Model  # noqa: PLC0415 - verbs start fast

    content = _fingerprint(path, report)
    if latest and latest.properties.get(CONTENT) == content:
        report.log(f"{path} is {latest.id}, registered before")
        return latest
    return Model.register(where, path, default_name(path), properties={CONTENT: content}, report=report)


def _fingerprint(path: Path, report: Reporter) -> str:
    """Return what stands for the names and bytes of a model's files."""
    from jupyter_modelpack.workspace import model_store  # noqa: PLC0415 - verbs start fast

    state = hashlib.sha256()
    for name, file in model_store.gather(path).entries:
        report.check()
        with file.open("rb") as stream:
            state.update(f"{name}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return state.hexdigest()
