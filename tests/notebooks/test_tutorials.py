"""Every tutorial runs from a clean kernel and shows what it shows in the repository."""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks import updates
from tests.services import CHECKOUT
from tests.services.registry import Account

TUTORIALS = sorted((CHECKOUT / "notebooks").glob("[0-9]*.ipynb"))

# A tutorial runs with and without an engine, but for those that tell of one way.
ENGINES = {
    "03-dockerfile": ["docker"],
    "07-without-docker": ["process"],
}
RUNS = [(tutorial, engine) for tutorial in TUTORIALS for engine in ENGINES.get(tutorial.stem, ["docker", "process"])]


@pytest.fixture
def registry(cncf_registry: Account, tmp_path: Path) -> str:
    """Address of a registry where the reader may write, as docker login leaves it."""
    pair = base64.b64encode(f"{cncf_registry.username}:{cncf_registry.password}".encode()).decode()
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(json.dumps({"auths": {cncf_registry.address: {"auth": pair}}}))
    return cncf_registry.address


@pytest.mark.engine
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("tutorial", "engine"), RUNS, ids=[f"{tutorial.stem}-{engine}" for tutorial, engine in RUNS])
def test_a_tutorial_shows_what_it_promises(tutorial, engine, docker_host, base_image, registry, home, tmp_path):
    folder = shutil.copytree(tutorial.parent, tmp_path / "notebooks")
    # No engine listens on the second address: that is how a machine without one looks.
    address = docker_host if engine == "docker" else f"unix://{tmp_path}/none.sock"
    env = {
        **os.environ,
        "DOCKER_HOST": address,
        "MODELPACK_BASE_IMAGE": str(base_image),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "REGISTRY": registry,
    }
    argv = [sys.executable, updates.__file__, "--nbval", "--nbval-current-env", "--nbval-cell-timeout=300"]
    argv += [f"--nbval-sanitize-with={CHECKOUT / 'tests/notebooks/sanitize.cfg'}", f"--rootdir={folder}"]
    argv += ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly"]  # cells have an order
    argv += [str(folder / tutorial.name)]
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_there_are_tutorials():
    assert TUTORIALS
    assert ENGINES.keys() <= {tutorial.stem for tutorial in TUTORIALS}
