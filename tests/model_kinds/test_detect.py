"""What kind of model a file is, told without loading it."""

import ast
import fractions
import io
import pickle  # noqa: TID251 - the tests make the pickles that nobody may load
import random
import sys
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jupyter_modelpack.analysis.model_versions import of_layer
from jupyter_modelpack.analysis.pickle_modules import modules_of_file
from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.capture.distributions import Distributions
from jupyter_modelpack.model_kinds import pickled
from jupyter_modelpack.model_kinds.content import Content, of_files
from jupyter_modelpack.model_kinds.detect import detect
from jupyter_modelpack.model_kinds.requirements import requirements_of
from jupyter_modelpack.model_kinds.write_script import script_of
from jupyter_modelpack.store.layout import Layout

ROWS, TARGETS = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 5.0]]), [1.0, 3.0, 5.0]


class Mine:
    """A class as a notebook defines it."""


Mine.__module__ = "__main__"


@pytest.fixture(autouse=True)
def notebook(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "Mine", Mine, raising=False)


class Kept(io.BufferedReader):
    """Leaves what it reads open, and where it came to."""

    def __init__(self, file):
        super().__init__(file, 1 << 16)
        file.seek(0)

    def close(self):
        self.detach()


class Loud:
    """Would say that it was unpickled."""

    def __reduce__(self):
        return (print, ("unpickled",))


@pytest.fixture(scope="module")
def pipeline():
    return make_pipeline(StandardScaler(), Ridge()).fit(ROWS, TARGETS)


def kind_of(path: Path):
    return detect(of_files([(path.name, path)]))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_estimator_is_known_in_every_protocol(pipeline, tmp_path, protocol):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(pipeline, protocol))
    found = kind_of(path)
    assert (found.kind.name, found.path, found.columns) == ("scikit-learn", "model.pkl", False)
    assert found.version == (sklearn.__version__ if protocol else "")  # the oldest writes texts in another way


@pytest.mark.parametrize("packed", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_an_estimator_that_joblib_wrote_is_known_however_it_was_compressed(pipeline, tmp_path, packed):
    joblib.dump(pipeline, tmp_path / "model.bin", compress=packed)
    found = kind_of(tmp_path / "model.bin")
    assert (found.kind.framework, found.version) == ("ScikitLearn", sklearn.__version__)
    assert requirements_of(found, Distributions.of_this_python()) == ()
    assert requirements_of(found, Distributions([], lambda _modules: {})) == (
        f"scikit-learn=={sklearn.__version__}",
        "joblib",
    )


def test_an_estimator_that_knows_its_columns_needs_a_data_frame(tmp_path):
    model = Ridge().fit(ROWS, TARGETS)
    model.feature_names_in_ = np.array(["age", "height"], dtype=object)
    joblib.dump(model, tmp_path / "model.pkl")
    found = kind_of(tmp_path / "model.pkl")
    assert found.columns
    assert requirements_of(found, Distributions.of_this_python()) == ("pandas",)


@pytest.mark.parametrize(
    "value",
    [{"a": Ridge()}, [Mine()], 1, "text", None, (Ridge(), 1), Path(), Loud()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_object_of_a_known_class_is_nothing(tmp_path, capsys, value):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(value))
    assert kind_of(tmp_path / "model.pkl") is None
    assert capsys.readouterr().out == ""


def test_an_object_of_a_class_of_ones_own_is_known_by_its_module():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        head = pickle.dumps(Mine, protocol)  # the class alone begins as its objects do
        assert pickled.top_class(head) == ("__main__", "Mine")
        assert pickled.top_class(pickle.dumps(Mine(), protocol)) == ("__main__", "Mine")


def test_of_a_large_object_of_another_class_only_the_beginning_is_read():
    held = fractions.Fraction(1, 2)
    file = io.BytesIO(pickle.dumps(held)[:-1] + bytes(40 << 20))
    assert detect(Content(("model.pkl",), lambda _name: Kept(file))) is None
    assert file.tell() < 4 << 20


def test_whatever_the_bytes_are_nothing_is_raised():
    chance = random.Random(1)
    sound = pickle.dumps(Mine, 2)
    for _ in range(3000):
        at = chance.randrange(len(sound))
        noise = chance.randbytes(chance.randrange(1, 30))
        pickled.read(io.BytesIO(sound[:at] + noise + sound[at:]), ".pkl")


def test_a_model_remembers_the_framework_that_wrote_it(pipeline, tmp_path):
    joblib.dump(pipeline, tmp_path / "model.pkl")
    where = Workspace.default()
    found = Model.register(where, tmp_path / "model.pkl", "known")
    assert (found.model_framework, found.model_framework_version) == ("ScikitLearn", sklearn.__version__)
    said = Model.register(where, tmp_path / "model.pkl", "said", model_framework="Custom")
    assert (said.model_framework, said.model_framework_version) == ("Custom", None)
    assert [one.id for one in Model.list(where, model_framework="ScikitLearn")] == ["known:1"]


def test_names_of_columns_and_files_are_left_as_they_are_in_a_script(tmp_path):
    model = LogisticRegression().fit(ROWS, [0, 0, 1])
    model.feature_names_in_ = np.array(["predict(", '"model.pkl"'], dtype=object)
    joblib.dump(model, tmp_path / "predict(1).pkl")
    types = {"predict(": "'Int64'", '"model.pkl"': "'Int64'", "def init():": "'Int64'"}
    text = script_of(kind_of(tmp_path / "predict(1).pkl"), "predict_proba", types)
    [written] = [ast.literal_eval(node.value) for node in ast.parse(text).body if isinstance(node, ast.Assign)]
    assert written == dict.fromkeys(types, "Int64")
    assert ('"predict(1).pkl"' in text, "model.predict_proba(frame)" in text) == (True, True)


@pytest.mark.parametrize("version", ["1\n-i http://127.0.0.1:9/simple\n", "1 @ http://127.0.0.1:9/a.whl", "1;x", "x1"])
def test_what_is_no_version_is_none(tmp_path, version):
    model = Ridge().fit(ROWS, TARGETS)
    data = pickle.dumps(model).replace(
        b"\x8c" + bytes([len(sklearn.__version__)]) + sklearn.__version__.encode(),
        b"\x8c" + bytes([len(version)]) + version.encode(),
    )
    (tmp_path / "model.pkl").write_bytes(data)
    found = kind_of(tmp_path / "model.pkl")
    assert found.version == ""
    assert "scikit-learn" in requirements_of(found, Distributions([], lambda _names: {}))


@pytest.mark.parametrize("cut", range(16, 30))
def test_a_version_across_two_chunks_is_whole(cut):
    data = pickle.dumps(Ridge().fit(ROWS, TARGETS))
    at = data.index(b"_sklearn_version") + cut
    assert pickled._read(iter([data[:at], data[at:]])).version == sklearn.__version__


def damaged(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"{}" * 500)
    data = bytearray(file.getvalue())
    at = data.index(name.encode()) + len(name)
    data[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(data)


def locked(name: str) -> bytes:
    data = bytearray(zipped_text(name))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    return bytes(data)


def unreadable_name(name: str) -> bytes:
    return zipped_text(name).replace(name.encode(), b"\xff" * len(name)).replace(b"PK\x01\x02", b"PK\x01\x02")


def zipped_text(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, b"{}")
    return file.getvalue()


@pytest.mark.parametrize("made", [damaged, locked, unreadable_name])
@pytest.mark.parametrize("name", ["model.skops", "model.keras", "model.pt"])
def test_an_archive_that_cannot_be_read_is_registered_as_it_is(home, tmp_path, made, name):
    inside = {"model.skops": "schema.json", "model.keras": "metadata.json", "model.pt": "a/data.pkl"}[name]
    (tmp_path / name).write_bytes(made(inside))
    ws = Workspace.create("archives")
    model = Model.register(ws, tmp_path / name, "model")
    assert of_layer(model.part().layer, ws.store, Layout.create(tmp_path / "cache")) == frozenset()
    assert modules_of_file(tmp_path / name) == frozenset()
