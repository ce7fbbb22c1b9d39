"""The script to begin with passes the checks of packaging, does what it says, and overwrites nothing."""

import json

import pytest

from jupyter_modelpack.analysis.entry_script import check_source
from jupyter_modelpack.commands.script import script
from jupyter_modelpack.errors import Conflict, UsageError
from jupyter_modelpack.events import Reporter


@pytest.mark.parametrize("model", ["m.pkl", "m.joblib", "m.onnx", "m.PT", "m.safetensors", "folder", "name:1", None])
def test_it_is_an_entry_script(tmp_path, model):
    path = tmp_path / "score.py"
    written = script(Reporter(), model=model, output=str(path))
    check_source(path.read_bytes(), "score.py")
    assert written.path == str(path)
    assert written.pip


def test_it_scores_a_pickled_model(tmp_path, monkeypatch):
    import joblib
    from sklearn.linear_model import LinearRegression

    (tmp_path / "m").mkdir()
    joblib.dump(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]), tmp_path / "m" / "model.pkl")
    script(Reporter(), model="model.pkl", output=str(tmp_path / "score.py"))
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(tmp_path / "m"))
    names: dict = {}
    exec((tmp_path / "score.py").read_text(), names)
    names["init"]()
    assert names["run"](json.dumps({"data": [[3.0]]})) == [pytest.approx(6.0)]


def test_a_file_that_package_makes_a_script_for_gets_that_script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trees.txt").write_bytes(b"tree\nversion=v4\n\npandas_categorical:null\n")
    written = script(Reporter(), model="trees.txt", output="score.py")
    assert written.pip == ("lightgbm",)
    assert (
        'lightgbm.Booster(model_file=Path(os.environ["AZUREML_MODEL_DIR"], "trees.txt"))'
        in (tmp_path / "score.py").read_text()
    )


def test_it_overwrites_nothing(tmp_path):
    (tmp_path / "score.py").write_text("mine")
    with pytest.raises(Conflict, match="stays as it is"):
        script(Reporter(), output=str(tmp_path / "score.py"))
    assert (tmp_path / "score.py").read_text() == "mine"
    for wrong in (str(tmp_path / "score"), str(tmp_path / "no" / "folder" / "score.py")):
        with pytest.raises(UsageError):
            script(Reporter(), output=wrong)
