"""Formats of libraries, by files that begin as theirs do; the real ones are in tests/frameworks."""

import io
import zipfile

import pytest

from jupyter_modelpack.model_kinds.content import Content
from jupyter_modelpack.model_kinds.detect import detect
from jupyter_modelpack.model_kinds.write_script import script_of

TREES = b"tree\nversion=v4\nnum_class=1\n"


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), content)
    return out.getvalue()


FILES = {
    "classifier.json": (
        b'{"learner":{"attributes":{"scikit_learn":"{\\"_estimator_type\\": \\"classifier\\"}"},"feature_names":[',
        "xgboost.XGBClassifier()",
    ),
    "regressor.ubj": (
        b"{L"
        + bytes(7)
        + b"\x07learner{L"
        + bytes(7)
        + b"\nattributes{L"
        + bytes(7)
        + b"\x0cscikit_learnSL"
        + bytes(7)
        + b' {"_estimator_type": "regressor"}}L',
        "xgboost.XGBRegressor()",
    ),
    "booster.json": (b'{"learner":{"attributes":{},"feature_names":[],', "xgboost.Booster("),
    "booster.ubj": (b"{L" + bytes(7) + b"\x07learner{L" + bytes(7) + b"\nattributes{}", "xgboost.Booster("),
    "trees.txt": (TREES + b"\npandas_categorical:[]\n", "lightgbm.Booster("),
    "old trees.txt": (TREES + b"\npandas_categorical:null\n", "lightgbm.Booster("),
    "a.cbm": (b'CBM1`/\0\0 "x":{"loss_function":{"type":"Logloss","params":{}}}', "catboost.CatBoostClassifier()"),
    "b.cbm": (b'CBM1`/\0\0 "x":{"loss_function":{"type":"RMSE","params":{}}}', "catboost.CatBoostRegressor()"),
    "model.onnx": (b"\x08\x08\x12\x08skl2onnx\x1a\x061.20.0", "onnxruntime.InferenceSession("),
    "model.pt": (zipped(model__data_DOT_pkl=b"", model__constants_DOT_pkl=b"", model__code__x_DOT_py=b""), "torch.jit"),
    "model.keras": (
        zipped(metadata_DOT_json=b"", config_DOT_json=b"", model_DOT_weights_DOT_h5=b""),
        "keras.models.load_model(Path(",
    ),
    "model.skops": (zipped(schema_DOT_json=b'{"_skops_version": "0.14"}'), "skops.io.load(Path("),
    "frame.skops": (zipped(schema_DOT_json=b'{"feature_names_in_": {}, "_skops_version": "0.14"}'), "pd.DataFrame("),
}


def found(name: str, content: bytes):
    return detect(Content((name,), lambda _name: io.BytesIO(content)))


@pytest.mark.parametrize("name", FILES)
def test_a_format_is_known_and_its_script_loads_the_file(name):
    content, loads = FILES[name]
    text = script_of(found(name, content), None)
    assert loads in text
    assert f'"{name}")' in text
    compile(text, name, "exec")


NOTHING = {
    "categories.txt": TREES + b'\npandas_categorical:[["u", "v"]]\n',
    "ranking.cbm": b'CBM1`/\0\0 "x":{"loss_function":{"type":"YetiRank","params":{}}}',
    "state.pt": zipped(model__data_DOT_pkl=b"", model__data__0=b""),
    "table.xlsx": zipped(xl__workbook_DOT_xml=b""),
    "other.json": b'{"learners": []}',
    "cut.skops": zipped(schema_DOT_json=b"{}")[:40],
    "not.onnx": b"\x08\x08 text",
    "empty": b"",
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_no_made_script_could_serve_is_nothing(name):
    assert found(name, NOTHING[name]) is None
