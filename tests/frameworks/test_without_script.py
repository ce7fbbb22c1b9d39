"""Models of every kind, packaged by their file alone (`make frameworks`): the service answers what their library did.

Each is fitted in an environment of its own, which `--from-python` names: its packages, at its versions, are captured.
"""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import numpy as np
import pytest

from tests.frameworks.cases import SCRIPTS
from tests.frameworks.served import links

pytestmark = [pytest.mark.engine, pytest.mark.network]

CASES = {
    "xgboost_classifier": ("xgboost-cpu", "scikit-learn", "pandas"),
    "xgboost_regressor": ("xgboost-cpu", "scikit-learn"),
    "xgboost_booster": ("xgboost-cpu",),
    "xgboost_pickle": ("xgboost-cpu", "scikit-learn", "pandas"),
    "lightgbm_booster": ("lightgbm", "pandas"),
    "lightgbm_pickle": ("lightgbm", "scikit-learn", "pandas"),
    "catboost_classifier": ("catboost",),
    "onnx": ("onnxruntime", "skl2onnx"),
    "skops": ("skops", "pandas"),
    "statsmodels_formula": ("statsmodels",),
    "imbalanced_pipeline": ("imbalanced-learn",),
    "sklearn_columns": ("scikit-learn", "pandas"),
    "keras": ("tensorflow-cpu",),
    "torchscript": ("torch==2.13.0", "numpy"),
}
"""By the function that fits it, what its environment has."""

GIVEN = {"torchscript"}
"""Whose requirements are given: the index's torch is another build than the one without CUDA that is installed."""


def uv(*words: str) -> None:
    subprocess.run([Path(sys.executable).with_name("uv"), *words], check=True, timeout=600)


@pytest.mark.parametrize("case", CASES)
def test_its_service_answers_what_its_library_did(say, data_folder, tmp_path, case):
    environment = tmp_path / "venv"
    uv("venv", "-q", "--python", sys.executable, str(environment))
    python = str(environment / "bin" / "python")
    find = [word for line in links() for word in line.split()]
    uv("pip", "install", "-q", "--python", python, *find, *CASES[case])
    fitted = subprocess.check_output(
        [python, SCRIPTS / "fit_models.py", case],
        cwd=tmp_path,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    file, answer = json.loads(fitted.splitlines()[-1])
    name = f"made-{case.replace('_', '-')}-{uuid.uuid4().hex[:8]}"
    model = f"{name}={tmp_path / file}"
    sample = str(tmp_path / "rows.json")
    source = ["--from-python", str(environment)]
    if case in GIVEN:
        (tmp_path / "requirements.txt").write_text("\n".join([*links(), *CASES[case]]) + "\n")
        source = ["--requirements", str(tmp_path / "requirements.txt")]
    say("package", "--model", model, "--sample", sample, *source, "--name", name)
    say("run", "--name", name, "--port", "0", "--engine", "process", "--timeout", "300")
    try:
        said = say("score", "--file", sample, "--service", name, "--engine", "process", "--json")
    finally:
        say("kill", name, "--engine", "process")
        say("delete", "service", name, "--engine", "process")
    np.testing.assert_allclose(json.loads(said)["value"], answer, rtol=1e-6)
