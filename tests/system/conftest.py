"""A folder as the tutorial's reader has it: a model file, a script, requirements, a shell."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.tutorial import SCORE, TRAIN, TWO_ROWS, Shell


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[float]]:
    """The model file, and what the notebook that made it predicts."""
    folder = tmp_path_factory.mktemp("trained")
    done = subprocess.run(
        [sys.executable, "-c", TRAIN.format(rows=TWO_ROWS)], cwd=folder, capture_output=True, text=True, check=True
    )
    return folder / "sklearn_regression_model.pkl", json.loads(done.stdout)


@pytest.fixture
def shell(home: Path, tmp_path: Path, base_image: Path, trained, monkeypatch) -> Shell:
    folder = tmp_path / "tutorial"
    folder.mkdir()
    (folder / "sklearn_regression_model.pkl").write_bytes(trained[0].read_bytes())
    (folder / "score.py").write_text(SCORE)
    (folder / "requirements.txt").write_text("scikit-learn\njoblib\n")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "MODELPACK_BASE_IMAGE": str(base_image)}
    return Shell(folder, env)


@pytest.fixture
def docker(shell: Shell, docker_host: str) -> Iterator[Shell]:
    """A shell with a Docker engine."""
    shell.env["DOCKER_HOST"] = docker_host
    yield shell
    shell("docker rm -f mycontainer", check=False)


@pytest.fixture
def no_docker(shell: Shell) -> Shell:
    """A shell on a machine without a container engine."""
    shell.env["DOCKER_HOST"] = "unix:///nonexistent/docker.sock"
    return shell
