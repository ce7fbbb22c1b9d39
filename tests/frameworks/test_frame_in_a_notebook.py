"""A data frame as the sample: a made script gives the model what the notebook gave it, type for type."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.frameworks.cases import SCRIPTS
from tests.services import CHECKOUT

pytestmark = pytest.mark.network


def test_a_model_gets_the_frame_that_the_notebook_gave_it(tmp_path):
    uv, python = Path(sys.executable).with_name("uv"), str(tmp_path / "venv" / "bin" / "python")
    env = {
        **os.environ,
        "SKIP_JUPYTER_BUILDER": "1",
        "PYTHONWARNINGS": "ignore",
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    needs = ["pandas", "lightgbm", "scikit-learn", "--editable", str(CHECKOUT)]
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, tmp_path / "venv"], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", python, *needs], check=True, env=env)
    said = subprocess.check_output(
        [python, SCRIPTS / "frame_in_a_notebook.py"],
        cwd=tmp_path,
        env={**env, "MODELPACK_ENGINE": "process"},
        text=True,
    )
    for served, own in json.loads(said.splitlines()[-1]):
        assert served == own
