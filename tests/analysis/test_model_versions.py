"""Versions of libraries that model files name, found without loading them."""

import bz2
import gzip
import io
import json
import lzma
import pickle  # noqa: TID251 - the tests make the pickles that nobody may load
import pickletools
import time
import zlib
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score

from jupyter_modelpack.analysis import model_versions, versions_in_pickles
from jupyter_modelpack.analysis.made_with import Made
from jupyter_modelpack.analysis.model_versions import of_files
from jupyter_modelpack.analysis.versions_in_pickles import PickleScan
from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.package_model import checked_recipe
from jupyter_modelpack.limits import CHUNK
from jupyter_modelpack.store.layout import Layout
from tests.analysis.old_models import (
    CBM,
    SKOPS,
    UBJSON,
    XGBOOST_JSON,
    as_of,
    booster,
    keras_archive,
    keras_hdf5,
    old_pickle,
    pipeline,
    zipped,
)

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
PIPELINE = {Made("scikit-learn", "1.5.2", "same", "Pipeline", imports=True)}


def made(tmp_path: Path, files: dict[str, bytes]) -> set[Made]:
    entries = []
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
        entries.append((name, tmp_path / name))
    return set(of_files(entries))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_tells_the_class_and_the_version(tmp_path, protocol: int) -> None:
    assert made(tmp_path, {"model.pkl": old_pickle("1.5.2", protocol)}) == PIPELINE


@pytest.mark.parametrize("version", ["0.24.2", "1.9.dev0", "1.4.1.post1", "1.6.0rc1"])
def test_versions_of_every_form(tmp_path, version: str) -> None:
    (found,) = made(tmp_path, {"model.pkl": old_pickle(version)})
    assert found.version == version


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_version_that_stands_before_it_as_text(tmp_path, protocol: int) -> None:
    with as_of("1.5.2"):
        kept = {"numpy": np.__version__, "sklearn": sklearn.__version__, "model": pipeline()}
        data = pickle.dumps(kept, protocol)
    assert data.count(b"1.5.2") == 1, "the version is fetched from the memo"
    assert made(tmp_path, {"model.pkl": data}) == PIPELINE


def test_without_what_the_pickler_need_not_write(tmp_path) -> None:
    assert made(tmp_path, {"m.pkl": pickletools.optimize(old_pickle("1.5.2"))}) == PIPELINE


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress, bz2.compress, lzma.compress])
def test_compressed_as_joblib_does(tmp_path, pack) -> None:
    assert made(tmp_path, {"model.bin": pack(old_pickle("1.5.2"))}) == PIPELINE


@pytest.mark.parametrize("compress", [0, 3, ("xz", 1), ("lzma", 1)])
def test_joblib_itself_with_raw_arrays_before_the_estimator(tmp_path, compress) -> None:
    with as_of("1.5.2"):
        joblib.dump([np.arange(300_000.0), pipeline()], tmp_path / "m.joblib", compress=compress)
    assert {(one.library, one.version) for one in of_files([("m.joblib", tmp_path / "m.joblib")])} == {
        ("scikit-learn", "1.5.2")
    }


def test_wherever_chunks_end() -> None:
    data = b"\x00" * 600 + old_pickle("1.5.2")
    at = data.index(b"_sklearn_version")
    for cut in range(at - 3, at + 30):
        scan = PickleScan()
        passed = b"".join(scan.passing(iter([data[:cut], data[cut:]])))
        assert passed == data
        assert {one.version for one in scan.found} == {"1.5.2"}, cut


def test_estimators_of_others_and_plain_functions_need_the_library_alone(tmp_path) -> None:
    class Own(BaseEstimator):
        pass

    Own.__module__, Own.__qualname__ = __name__, "Own"
    globals()["Own"] = Own
    assert made(tmp_path, {"own.pkl": pickle.dumps(Own())}) == set()
    assert made(tmp_path, {"metric.pkl": pickle.dumps({"metric": accuracy_score})}) == {
        Made("scikit-learn", "", "told", imports=True)
    }
    assert made(tmp_path, {"words.pkl": pickle.dumps(["sklearn", "1.5.2", "xgboost.core", "csklearn.svm"])}) == set()


def test_boosters_that_lie_in_pickles(tmp_path) -> None:
    old = booster("xgboost.core", XGBOOST_JSON + b"\x00" * CHUNK)
    assert made(tmp_path, {"b.pkl": booster("xgboost.core", UBJSON)}) == {
        Made("xgboost", "3.2.0", "same", imports=True)
    }
    assert made(tmp_path, {"b.pkl": old}) == {Made("xgboost", "2.1.3", "same", imports=True)}
    assert made(tmp_path, {"b.pkl": booster("catboost.core", CBM)}) == {
        Made("catboost", "1.2.10", "not-newer", imports=True)
    }
    for module in ("lightgbm.basic", "statsmodels.base.wrapper"):
        library = module.partition(".")[0]
        assert made(tmp_path, {"b.pkl": booster(module, b"")}) == {Made(library, "", "told", imports=True)}


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("model.json", XGBOOST_JSON, Made("xgboost", "2.1.3", "not-newer")),
        ("model.json", b'{\n  "learner": {}, "version": [\n 1,\n 7,\n 6\n]\n}', Made("xgboost", "1.7.6", "not-newer")),
        ("model.ubj", UBJSON, Made("xgboost", "3.2.0", "not-newer")),
        ("no-ending", UBJSON, Made("xgboost", "3.2.0", "not-newer")),
        ("model.ubj", UBJSON[:35] + b"\x01" * 2 * CHUNK + UBJSON[35:], Made("xgboost", "3.2.0", "not-newer")),
        ("model.cbm", CBM, Made("catboost", "1.2.10", "not-newer")),
        ("pipe.skops", zipped("schema.json", SKOPS), Made("scikit-learn", "1.5.2", "same", "Pipeline", imports=True)),
        ("net.keras", keras_archive("3.15.1"), Made("keras", "3.15.1", "not-newer")),
        ("net.h5", keras_hdf5("2.15.0"), Made("keras", "2.15.0", "not-newer")),
        (
            "en/meta.json",
            b'{"lang":"en", "spacy_version":">=3.8.18,<3.9.0"}',
            Made("spacy", ">=3.8.18,<3.9.0", "within"),
        ),
        ("bert/config.json", b'{"transformers_version": "4.57.1"}', Made("transformers", "4.57.1", "not-newer")),
        (
            "st/config_sentence_transformers.json",
            b'{"__version__": {"sentence_transformers": "5.1.0", "transformers": "4.57.1"}}',
            Made("sentence-transformers", "5.1.0", "not-newer"),
        ),
    ],
)
def test_files_that_are_no_pickles(tmp_path, name: str, data: bytes, found: Made) -> None:
    assert made(tmp_path, {name: data}) == {found}


def test_a_folder_of_mlflow(tmp_path) -> None:
    flavors = "flavors:\n  python_function:\n    python_version: 3.11.2\n  sklearn:\n    sklearn_version: 1.5.2\n"
    pins = b"mlflow==2.20.0\nscikit_learn==1.5.2\npandas[excel]==2.2.3\ncloudpickle>=3\n"
    found = made(
        tmp_path, {"m/MLmodel": flavors.encode(), "m/requirements.txt": pins, "requirements.txt": b"six==1.0\n"}
    )
    assert {str(one) for one in found if one.rule == "told"} == {"mlflow 2.20.0", "scikit-learn 1.5.2", "pandas 2.2.3"}
    assert {one for one in found if one.rule != "told"} == {Made("scikit-learn", "1.5.2", "same")}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("model.txt", b"tree\nversion=v4\nnum_class=1\n"),
        ("model.onnx", b"\x08\x08\x12\x07pytorch\x1a\x052.5.1"),
        ("data.json", b'{"version": [1, 2, 3]}'),
        ("config.json", b'{"version": "4.57.1"}'),
        ("broken.keras", b"PK\x03\x04" + b"\x00" * 100),
        ("other.keras", zipped("readme.txt", "nothing")),
        ("broken.h5", keras_hdf5("2.15.0")[:1500]),
        ("loop.h5", keras_hdf5("2.15.0")[:2064] + b"\x01" + b"\x00" * 100),
        ("cut.pkl", b"\x80\x04" + b"_sklearn_version"),
        ("empty.pkl", b""),
    ],
)
def test_what_says_nothing(tmp_path, name: str, data: bytes) -> None:
    assert made(tmp_path, {name: data}) == set()


@pytest.mark.parametrize("value", ["{}", "../../etc", "1" * 400, "1.5\x1b[31m", ""])
def test_what_is_no_version_is_not_believed(tmp_path, value: str) -> None:
    assert not any(one.version for one in made(tmp_path, {"model.pkl": old_pickle(value)}))


SCRIPT = "def init(): ...\ndef run(data): ...\n"


def test_a_model_is_read_once(ws, here, home, monkeypatch) -> None:
    (here / "model.pkl").write_bytes(old_pickle("1.5.2"))
    model = Model.register(ws, "model.pkl", "own")
    config = InferenceConfig.from_source(SCRIPT, environment=Environment("e"))
    checked_recipe(ws, [model], config)
    monkeypatch.setattr(model_versions, "pickles_in_file", None)
    checked_recipe(ws, [model], config)
    layer, cache = model.part().layer, Layout.create(home / "cache")
    assert model_versions.of_layer(layer, ws.store, cache) == PIPELINE
    monkeypatch.undo()
    (note,) = (home / "cache" / "versions").iterdir()
    for damage in ("", "[[", "[[1]]", "5"):
        note.write_text(damage)
        model_versions._noted.cache_clear()
        assert model_versions.of_layer(layer, ws.store, cache) == PIPELINE
    assert json.loads(note.read_text()) == [["scikit-learn", "1.5.2", "same", "Pipeline", True]]


def test_no_more_of_a_pickle_is_followed_than_its_head(monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(versions_in_pickles.pickletools, "genops", lambda head: seen.append(len(head)) or iter(()))
    data = io.BytesIO(b"\x80\x02" + b"N0" * (2 << 20) + b"X\x10\x00\x00\x00_sklearn_versionq\x05h\x01")
    for _ in PickleScan().passing(iter(lambda: data.read(CHUNK), b"")):
        pass
    assert seen == [64 << 10]


def test_many_versions_that_stand_in_the_memo_are_found_quickly_and_no_more_than_some():
    head = pickle.dumps([f"1.{number}" for number in range(4000)], 4)[:-1]
    references = b"".join(b"\x8c\x10_sklearn_version\x94j" + (n + 1).to_bytes(4, "little") for n in range(4000))
    scan, began = PickleScan(), time.process_time()
    for _ in scan.passing(iter([head + references])):
        pass
    assert time.process_time() - began < 2
    assert 50 <= len(scan.found) <= 101
