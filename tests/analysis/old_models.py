"""Models as other versions of their libraries write them, without these libraries.

A real scikit-learn estimator writes the version that `sklearn.base` names. What XGBoost, CatBoost and Keras write was
cut out of real files of theirs (xgboost 3.2.0, catboost 1.2.10, keras 3.15.1); the whole ones are read by
`make frameworks`.
"""

import io
import json
import pickle  # noqa: TID251 - the tests make the pickles that nobody may load
import sys
import types
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import sklearn
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

UBJSON = (
    b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner{L\x00\x00\x00\x00\x00\x00\x00\x13learner_model_param{}}"
    b"L\x00\x00\x00\x00\x00\x00\x00\x07version[#L\x00\x00\x00\x00\x00\x00\x00\x03i\x03i\x02i\x00}"
)
XGBOOST_JSON = b'{"learner":{"gradient_booster":{},"learner_model_param":{"num_class":"0"}},"version":[2,1,3]}'
CBM = (
    b"CBM1\xa0$\x00\x00"
    + b"\x07" * 30_000
    + b"Git info:\n    Commit: b1bd2a6d\n    Branch: tags/v1.2.10\n    Author: a <a@b>\n"
    b"    Summary: CatBoost release 1.2.10. commit_hash:f8e0038b\n    git-svn info:\n"
)
SKOPS = """{
  "__class__": "Pipeline",
  "__module__": "sklearn.pipeline",
  "content": {"_sklearn_version": {
    "__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "\\"1.5.2\\"", "is_json": true}}
}"""


@contextmanager
def as_of(version: str) -> Iterator[None]:
    """Let scikit-learn be of another version while it pickles."""
    with mock.patch("sklearn.base.__version__", version), mock.patch.object(sklearn, "__version__", version):
        yield


def pipeline() -> Pipeline:
    return make_pipeline(StandardScaler(), SVC()).fit([[0.0, 1], [1, 0], [2, 2], [3, 1]], [0, 1, 0, 1])


def old_pickle(version: str, protocol: int | None = None) -> bytes:
    """Return a fitted pipeline as that version of scikit-learn pickles it."""
    with as_of(version):
        return pickle.dumps(pipeline(), protocol)


def booster(module: str, handle: bytes) -> bytes:
    """Return a pickle of what a module of that name calls a Booster, with the model's bytes inside."""
    made = types.ModuleType(module)
    exec(f"class Booster: pass\nBooster.__module__ = {module!r}", vars(made))
    with mock.patch.dict(sys.modules, {module.partition(".")[0]: types.ModuleType("parent"), module: made}):
        one = made.__dict__["Booster"]()
        one.handle = bytearray(handle)
        return pickle.dumps(one)


def zipped(name: str, text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return out.getvalue()


def keras_archive(version: str) -> bytes:
    return zipped("metadata.json", json.dumps({"keras_version": version, "date_saved": "2026-12-01@18:00:00"}))


def keras_hdf5(version: str) -> bytes:
    """Return the parts of an HDF5 file that lead to an attribute's text."""
    text = version.encode()
    attribute = (
        b"\x01\x00\x0e\x00\x14\x00\x08\x00keras_version\x00\x00\x00\x19\x01\x00\x00\x10\x00\x00\x00\x10\x00\x00\x00"
        b"\x01\x00\x00\x00\x00\x00\x08\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"
        + len(text).to_bytes(4, "little")
        + (2048).to_bytes(8, "little")
        + (2).to_bytes(4, "little")
    )
    entries = b"".join(
        number.to_bytes(2, "little") + b"\0" * 6 + len(value).to_bytes(8, "little") + value + b"\0" * (-len(value) % 8)
        for number, value in ((1, b"tensorflow"), (2, text))
    )
    heap = b"GCOL\x01\x00\x00\x00" + (4096).to_bytes(8, "little") + entries
    return (b"\x89HDF\r\n\x1a\n" + b"\0" * 800 + attribute).ljust(2048, b"\0") + heap
