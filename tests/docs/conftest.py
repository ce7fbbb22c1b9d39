"""The manual, built once for all tests of a session."""

import subprocess
import sys
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

from tests.services import CHECKOUT, only_one


@pytest.fixture(scope="session")
def manual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built pages; the workers of one session share it."""
    folder = tmp_path_factory.getbasetemp()
    if folder.name.startswith("popen-"):
        folder = folder.parent
    folder /= "manual"
    with only_one("manual"):
        if not (folder / "objects.inv").exists():
            command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", CHECKOUT / "docs", folder]
            said = subprocess.run(command, capture_output=True, text=True, check=False)
            assert said.returncode == 0, said.stderr
    return folder


@pytest.fixture(scope="session")
def anchors(manual: Path) -> dict[str, set[str]]:
    """Return what the manual describes and links can name, by kind (``std:cmdoption``, ``py:method``)."""
    inventory = InventoryFile.loads((manual / "objects.inv").read_bytes(), uri="").data
    return {kind: set(names) for kind, names in inventory.items()}
