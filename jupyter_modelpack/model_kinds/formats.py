"""Files in a format of a library's own, known by how they begin."""

from __future__ import annotations

import re
import zipfile
from pathlib import PurePosixPath

from jupyter_modelpack.analysis.pickle_files import UNREADABLE
from jupyter_modelpack.catalog.models.framework import Framework
from jupyter_modelpack.limits import CHUNK, SCHEMA_BYTES
from jupyter_modelpack.model_kinds.content import Content
from jupyter_modelpack.model_kinds.kind import METHODS, Detected, Kind

XGBOOST = Kind("XGBoost", "xgboost_booster", ("xgboost",))
XGBOOST_ESTIMATOR = Kind("XGBoost", "xgboost_estimator", ("xgboost", "scikit-learn"))
LIGHTGBM = Kind("LightGBM", "lightgbm_booster", ("lightgbm",))
CATBOOST = Kind("CatBoost", "catboost_estimator", ("catboost",), METHODS[:1])
ONNX = Kind("ONNX", "onnx_session", ("onnxruntime",), framework=Framework.ONNX)
SKOPS = Kind("skops", "estimator", ("skops", "scikit-learn"), METHODS, Framework.SCIKITLEARN)
TORCHSCRIPT = Kind("TorchScript", "torchscript", ("torch",), framework=Framework.PYTORCH)
KERAS = Kind("Keras", "keras_model", ("tensorflow",), framework=Framework.TFKERAS)

_HEAD = 64 << 10
_XGBOOST = re.compile(rb'\{(?:"learner":|L\x00{7}\x07learner)')
_ESTIMATOR = re.compile(rb"scikit_learn.{1,40}_estimator_type\W{1,8}(classifier|regressor)", re.DOTALL)
_XGBOOST_CLASSES = {b"classifier": "XGBClassifier", b"regressor": "XGBRegressor"}
_LIGHTGBM = b"tree\nversion="
_NO_CATEGORIES = (b"pandas_categorical:null", b"pandas_categorical:[]")
_CATBOOST = b"CBM1"
_LOSS = re.compile(rb'"loss_function":\{"type":"(\w{1,40})"')
_CATBOOST_CLASSES = {
    **dict.fromkeys((b"Logloss", b"CrossEntropy", b"MultiClass", b"MultiClassOneVsAll"), "CatBoostClassifier"),
    **dict.fromkeys((b"RMSE", b"MAE", b"Quantile", b"Poisson", b"MAPE", b"Huber"), "CatBoostRegressor"),
}
_ONNX = re.compile(rb"\x08[\x03-\x14](?:[\x12\x1a\x22\x32\x3a\x42]|\x28)", re.DOTALL)
"""A ModelProto that begins with its ir_version, as all writers have it; then any field of the model's."""

_SKOPS = "schema.json"
_BY_SKOPS = {"import joblib": "import skops.io", "joblib.load(": "skops.io.load("}
"""Types that skops does not trust by itself are refused when the service starts: whom to trust is the user's to say."""

_ENTRIES = 10_000
"""Most entries of a zip archive that are looked at."""


def known(content: Content, name: str) -> Detected | None:
    """Return what kind of model the file called `name` is, if it is in one of these formats."""
    head = content.head(name, _HEAD)
    if head.startswith(b"PK\x03\x04"):
        return _in_zip(content, name)
    if _XGBOOST.match(head):
        estimator = _ESTIMATOR.search(head)
        words = {"XGBClassifier": _XGBOOST_CLASSES[estimator[1]]} if estimator else {}
        return Detected(XGBOOST_ESTIMATOR if estimator else XGBOOST, name, words=words)
    if head.startswith(_LIGHTGBM):
        return Detected(LIGHTGBM, name) if _has_no_categories(content, name) else None
    if head.startswith(_CATBOOST):
        return _catboost(content, name)
    if _ONNX.match(head) and PurePosixPath(name).suffix == ".onnx":
        return Detected(ONNX, name)
    return None


def _has_no_categories(content: Content, name: str) -> bool:
    """Whether a model of LightGBM takes plain numbers: categories of a data frame stand in its last lines."""
    with content.open(name) as file:
        last = b""
        while chunk := file.read(CHUNK):
            last = (last + chunk)[-CHUNK:]
    return b"pandas_categorical:" not in last or any(line in last for line in _NO_CATEGORIES)


def _catboost(content: Content, name: str) -> Detected | None:
    before = b""
    with content.open(name) as file:
        while chunk := file.read(CHUNK):
            if loss := _LOSS.search(before + chunk):
                made = _CATBOOST_CLASSES.get(loss[1])
                return Detected(CATBOOST, name, words={"CatBoostClassifier": made}) if made else None
            before = chunk[-128:]
    return None


def _in_zip(content: Content, name: str) -> Detected | None:
    with content.open(name) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                entries = archive.namelist()[:_ENTRIES]
                schema = archive.open(_SKOPS).read(SCHEMA_BYTES) if _SKOPS in entries else b""
        except UNREADABLE:
            return None
    names = {entry.partition("/")[2] or entry for entry in entries}
    if b"_skops_version" in schema:
        return Detected(SKOPS, name, columns=b'"feature_names_in_"' in schema, words=_BY_SKOPS)
    if {"config.json", "metadata.json", "model.weights.h5"} <= set(entries):
        return Detected(KERAS, name)
    if "constants.pkl" in names and any(entry.startswith("code/") for entry in names):
        return Detected(TORCHSCRIPT, name)
    return None
