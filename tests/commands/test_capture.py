"""`modelpack capture`: what a script and its models need of a Python, as a shell types it."""

import pickle  # noqa: TID251 - written here
import tomllib
from fractions import Fraction

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from tests.commands.packages import modelpack, printed


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, home):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "score.py").write_text("import json\nimport joblib\ndef init(): ...\ndef run(data): ...\n")
    return tmp_path


def test_each_line_has_its_reason_and_is_one_of_a_requirements_file(folder):
    model = Ridge().fit(np.eye(3), [1, 2, 3])
    (folder / "ridge.pkl").write_bytes(pickle.dumps(model))
    done = modelpack("capture", "score.py", "--model", "ridge.pkl", cwd=folder)
    lines = [line.split("  # ") for line in done.stdout.splitlines()]
    assert [(line.split("==")[0], reason) for line, reason in lines] == [
        ("joblib", "score.py, line 2"),
        ("numpy", "model ridge"),
        ("scikit-learn", "model ridge"),
    ]
    assert f"numpy=={np.__version__} " in done.stdout
    (folder / "requirements.txt").write_text(done.stdout)
    assert printed("plan", "score.py", "-r", "requirements.txt", cwd=folder)["steps"]
    assert printed("models", cwd=folder)["rows"] == []


@pytest.mark.network
def test_the_lock_has_all_that_they_need(folder):
    lock = tomllib.loads(modelpack("capture", "score.py", "--format", "pylock", cwd=folder).stdout)
    assert {"joblib", "orjson"} <= {one["name"] for one in lock["packages"]}


def test_a_model_needs_no_script_and_perhaps_no_package(folder):
    (folder / "half.pkl").write_bytes(pickle.dumps(Fraction(1, 2)))
    assert modelpack("capture", "--model", "half.pkl", cwd=folder).stdout == "# no package of this Python is needed\n"


def test_without_script_and_model_it_says_what_to_type():
    done = modelpack("capture")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        "modelpack: capture needs an entry script, a model, or both.",
    )
