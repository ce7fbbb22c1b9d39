"""Model.get_model_path: where a scoring script finds its model.

Contract section 3.4. In an image the models lie under ``azureml-models``; with a workspace they are
fetched to there.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_modelpack.errors import NotFound, UsageError

if TYPE_CHECKING:
    from jupyter_modelpack.api.workspace import Workspace


def models_root() -> Path:
    """Return the local folder of models; asked for at each call, not at import as in the original."""
    return Path(os.environ.get("AML_APP_ROOT", ""), "azureml-models")


def find(model_name: str, version: int | None = None, workspace: Workspace | None = None) -> str:
    """Return the path of a model's file or folder; raise `NotFound` saying where it was looked for."""
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise UsageError("version should be an int")
    if workspace is not None and (version is None or not (models_root() / model_name / str(version)).exists()):
        return _fetch(workspace, model_name, version)
    return str(_local(model_name, version))


def _fetch(workspace: Workspace, name: str, version: int | None) -> str:
    from jupyter_modelpack.api.model import Model  # noqa: PLC0415 - Model offers this function

    model = Model(workspace, name, version=version)
    return model.download(str(models_root() / model.name / str(model.version)), exist_ok=True)


def _local(name: str, version: int | None) -> Path:
    root = models_root()
    folder = root / name
    if not folder.is_dir():
        if version is None and Path(name).exists():
            return Path(name)
        raise _missing(name, root)
    versions = sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal())
    if version is None and versions:
        version = versions[-1]
    if version not in versions:
        raise _missing(name, root)
    there = list((folder / str(version)).iterdir())
    if len(there) != 1:
        raise UsageError(
            f"Dir {folder / str(version)} can contain only 1 file or folder. Found {sorted(e.name for e in there)}"
        )
    return there[0]


def _missing(name: str, root: Path) -> NotFound:
    return NotFound(
        f"Model {name} not found in cache at {root} or in current working directory {Path.cwd()}.",
        code="model-not-found",
    )
