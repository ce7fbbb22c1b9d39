"""A wheel built from a clean checkout brings both extensions, enabled, with no further step."""

import json
import subprocess

import pytest

from jupyter_modelpack import __version__
from tests.services import CHECKOUT
from tests.services.wheel import environment

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """Say a `jupyter` command of the new environment; return what it says."""
    folder = tmp_path_factory.mktemp("user")

    def say(*words: str) -> str:
        env = {"HOME": str(folder), "PATH": f"{environment() / 'bin'}:/usr/bin:/bin", "NO_COLOR": "1"}
        done = subprocess.run(["jupyter", *words], env=env, capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    return say


def test_the_side_panel_is_enabled(jupyter):
    [line] = [line for line in jupyter("labextension", "list").splitlines() if "jupyter-modelpack" in line]
    assert "enabled" in line
    assert "OK" in line
    assert "python, jupyter_modelpack" in line  # who is to be asked for its removal


def test_the_server_extension_is_enabled(jupyter):
    said = jupyter("server", "extension", "list")
    assert "jupyter_modelpack enabled" in " ".join(said.split()).replace("\x1b[32m", "").replace("\x1b[0m", "")
    assert f"jupyter_modelpack {__version__}" in said


def test_the_lock_of_the_panel_names_no_host():
    lock = json.loads((CHECKOUT / "labextension" / "package-lock.json").read_text())
    assert len(lock["packages"]) > 100
    assert [name for name, one in lock["packages"].items() if "resolved" in one] == []
    assert all("integrity" in one for name, one in lock["packages"].items() if name)
