"""A user's shell with one data folder for all cases: what one has fetched, the next finds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.frameworks.served import Say


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("frameworks")


@pytest.fixture
def say(base_image: Path, docker_host: str, data_folder: Path) -> Say:
    """Run a command line; give what it prints."""
    program = str(Path(sys.executable).with_name("modelpack"))
    env = {
        **os.environ,
        "DOCKER_HOST": docker_host,
        "MODELPACK_HOME": str(data_folder / "home"),
        "MODELPACK_BASE_IMAGE": str(base_image),
    }

    def say(*words: str) -> str:
        done = subprocess.run(
            [program, *words], cwd=data_folder, env=env, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, f"modelpack {' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout

    return say
