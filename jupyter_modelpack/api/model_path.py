"""Model.get_model_path: where a scoring script finds its model.

azure-differences.md 3.4. In an image the models lie under ``azureml-models``; with a workspace they are
fetched to there.
"""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_modelpack.errors import NotFound, UsageError
from jupyter_modelpack.image_contract import APP_ROOT_VARIABLE, MODELS_FOLDER


def models_root() -> Path:
    """Return the local folder of models; asked for at each call, not at import as in the original."""
    return Path(os.environ.get(APP_ROOT_VARIABLE, ""), MODELS_FOLDER)


def has(model_name: str, version: int | None) -> bool:
    """Whether this version of a model has been written to the local folder; any is not enough: it may be old."""
    _check_version(version)
    return version is not None and (models_root() / model_name / str(version)).exists()


def find(model_name: str, version: int | None = None) -> Path:
    """Return the path of a model's file or folder; raise `NotFound` saying where it was looked for."""
    _check_version(version)
    root = models_root()
    folder = root / model_name
    if not folder.is_dir():
        if version is None and Path(model_name).exists():
            return Path(model_name)
        raise _missing(model_name, root)
    versions = sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal())
    if version is None and versions:
        version = versions[-1]
    if version not in versions:
        raise _missing(model_name, root)
    there = list((folder / str(version)).iterdir())
    if len(there) != 1:
        raise UsageError(
            f"Dir {folder / str(version)} can contain only 1 file or folder. Found {sorted(e.name for e in there)}"
        )
    return there[0]


def _check_version(version: int | None) -> None:
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise UsageError("version should be an int")


def _missing(name: str, root: Path) -> NotFound:
    return NotFound(
        f"Model {name} not found in cache at {root} or in current working directory {Path.cwd()}.",
        code="model-not-found",
    )
