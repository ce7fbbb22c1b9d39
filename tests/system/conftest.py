"""A folder as the tutorial's reader has it: a model file, a script, requirements, a shell."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

TWO_ROWS = [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]]

TRAIN = """
import joblib
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

X, y = load_diabetes(return_X_y=True)
model = Ridge(alpha=0.5).fit(X, y)
joblib.dump(model, "sklearn_regression_model.pkl")
print(model.predict({rows}).tolist())
"""

SCORE = """
import json
import os

import joblib
import numpy as np


def init():
    global model
    model = joblib.load(os.path.join(os.getenv("AZUREML_MODEL_DIR"), "sklearn_regression_model.pkl"))


def run(raw_data):
    data = np.array(json.loads(raw_data)["data"])
    return model.predict(data).tolist()
"""


class Shell:
    """The reader's terminal: commands as the tutorial has them, in the tutorial's folder."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.env = folder, env

    def __call__(self, line: str, *, check: bool = True) -> str:
        done = self.run(line)
        if check:
            assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )

    def python(self, text: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", text], cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout


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


def score_when_up(url: str = "http://localhost:6789/score", seconds: float = 60) -> list[float]:
    """What the tutorial's reader does: send two rows, again while the service is starting."""
    body = json.dumps({"data": TWO_ROWS})
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = requests.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=10)
            if answer.status_code != 503 or time.monotonic() > deadline:
                assert answer.status_code == 200, answer.text
                return answer.json()
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)
