"""A workspace, a folder to stand in, and a model's file, for the tests of whatever keeps a workspace."""

from pathlib import Path

import pytest

from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.workspace import Workspace


def register(ws: Workspace, path, name="diabetes", **more) -> Model:
    return Model.register(workspace=ws, model_path=path, model_name=name, **more)


@pytest.fixture
def ws() -> Workspace:
    return Workspace.create("tutorial")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def pickle_file(here: Path) -> Path:
    path = here / "sklearn_regression_model.pkl"
    # A pickle that would leave a trace if anybody loaded it (threat-model.md T10).
    path.write_bytes(b"cposix\nsystem\n(S'touch unpickled'\ntR.")
    return path
