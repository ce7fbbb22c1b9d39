"""The tutorial as its reader has it: files, a shell, what is typed."""

import json
import subprocess
import sys
import time
from pathlib import Path

import requests

REGISTER = """
from jupyter_modelpack import Workspace, Model, Environment, InferenceConfig

ws = Workspace.create("tutorial", exist_ok=True)
model = Model.register(
    workspace=ws, model_path="sklearn_regression_model.pkl", model_name="diabetes", tags={"area": "diabetes"}
)
env = Environment.from_pip_requirements("diabetes-env", "requirements.txt")
inference_config = InferenceConfig(entry_script="score.py", environment=env)
"""


PACKAGE = """
package = Model.package(ws, [model], inference_config)
package.wait_for_creation(show_output=True)
package.pull()
"""


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
