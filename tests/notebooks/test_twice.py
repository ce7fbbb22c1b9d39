"""A tutorial that was run before in the same folder runs once more: that is how people learn."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.services import CHECKOUT

QUICK = ["05-models-files-folders"]
"""It makes folders and files, and models of them; the others do no more than it, and take longer."""


@pytest.mark.network
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", QUICK)
def test_a_tutorial_runs_a_second_time_in_its_folder(
    name: str, base_image: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(CHECKOUT / "notebooks", tmp_path / "notebooks")
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    for _time in range(2):
        notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        # A cell that may fail says so by its tag; any other ends this with its error.
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
