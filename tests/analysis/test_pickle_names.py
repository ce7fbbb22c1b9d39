"""Names of ``__main__`` in pickles, found without loading them."""

import bz2
import gzip
import io
import lzma
import pickle  # noqa: TID251 - the tests make the pickles that nobody may load
import pickletools
import sys
import types
import zipfile
import zlib

import cloudpickle
import joblib
import numpy as np
import pytest

from jupyter_modelpack.analysis import pickle_names
from jupyter_modelpack.analysis.model_versions import Reading
from jupyter_modelpack.analysis.pickle_files import pickles_in_file
from jupyter_modelpack.analysis.pickle_names import MainNames
from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.package_model import checked_recipe
from jupyter_modelpack.errors import UsageError

CELL = """
class Scaler: pass
class Clipper: pass
def log1p(x): return x
class Padronização: pass
class Outer:
    class Inner: pass
    def method(self): ...
class Util:
    @staticmethod
    def log(x): return x
"""
SCRIPT = "def init(): ...\ndef run(data): ...\n"


@pytest.fixture
def main(monkeypatch):
    """A notebook's ``__main__`` with some classes."""
    module = types.ModuleType("__main__")
    exec(CELL, vars(module))
    monkeypatch.setitem(sys.modules, "__main__", module)
    return module


def names(data: bytes, ending: str = ".pkl") -> MainNames:
    found = MainNames()
    for chunks in pickles_in_file(io.BytesIO(data), ending):
        found |= pickle_names._of_chunks(chunks)
    return found


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_tells_classes_and_functions(main, protocol: int) -> None:
    found = names(pickle.dumps([main.Scaler(), {"f": main.log1p}, main.Clipper], protocol))
    assert found.certain | found.possible == {"Scaler", "log1p", "Clipper"}
    assert found.certain


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_qualified_name_is_that_of_its_outermost_class(main, protocol: int) -> None:
    for value in (main.Outer.Inner(), main.Outer.Inner, main.Outer().method):
        assert names(pickle.dumps(value, protocol)).certain == {"Outer"}
    for pickled in (pickle.dumps(main.Util.log, protocol), pickle.dumps([main.Scaler(), main.Util.log], protocol)):
        found = names(pickled)
        assert "Util" in found.certain | found.possible


@pytest.mark.parametrize("protocol", [3, 4, 5])  # the others cannot write such a name
def test_a_name_may_be_of_any_letters(main, protocol: int) -> None:
    assert names(pickle.dumps(main.__dict__["Padronização"](), protocol)).certain == {"Padronização"}
    found = names(pickle.dumps([main.Scaler(), main.__dict__["Padronização"]], protocol))
    assert found.certain | found.possible == {"Scaler", "Padronização"}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_name_that_stands_there_as_text_already_is_seen(main, protocol: int) -> None:
    steps = {main.Scaler.__qualname__: main.Scaler(), main.Outer.Inner.__qualname__: main.Outer.Inner}
    found = names(pickle.dumps([steps, main.Clipper], protocol))
    assert found.certain | found.possible >= {"Scaler", "Outer", "Clipper"}


def test_without_what_the_pickler_need_not_write(main) -> None:
    found = names(pickletools.optimize(pickle.dumps([main.Outer.Inner(), main.Util.log, main.Scaler])))
    assert found.certain | found.possible == {"Outer", "Util", "Scaler"}


def test_across_the_frames_of_a_pickle(main) -> None:
    for size in range(65_480, 65_540):
        assert names(pickle.dumps(["x" * size, main.Scaler()])).certain == {"Scaler"}, size


def test_cloudpickle_brings_its_classes_by_itself(main) -> None:
    assert names(cloudpickle.dumps(main.Scaler())).certain == frozenset()


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress, bz2.compress, lzma.compress])
def test_compressed_as_joblib_does(main, pack) -> None:
    assert names(pack(pickle.dumps(main.Scaler())), ".bin").certain == {"Scaler"}


def test_behind_the_raw_arrays_of_joblib(main, tmp_path) -> None:
    inner = main.Scaler()
    inner.mean = np.random.default_rng(0).random(300_000)
    joblib.dump([np.arange(200_000.0), inner, main.Clipper()], tmp_path / "m.joblib")
    found = names((tmp_path / "m.joblib").read_bytes())
    assert found.certain == {"Scaler"}
    assert "Clipper" in found.possible


def test_in_an_archive_as_torch_writes_it(main) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps(main.Scaler(), 2))
    assert names(out.getvalue(), ".pt").certain == {"Scaler"}


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps({"a": 1}),
        pickle.dumps("__main__"),
        pickle.dumps(["__main__", "Scaler"]),
        b"",
        b"PK\x03\x04broken",
        zlib.compress(b"x")[:-3],
        b"\x1f\x8bbroken",
        b"if __name__ == '__main__':\n",
    ],
)
def test_what_names_nothing(data: bytes) -> None:
    assert names(data) == MainNames()


def test_a_name_across_two_chunks_is_seen(main, monkeypatch) -> None:
    data = pickle.dumps(main.Scaler())
    at = data.index(b"__main__") + 4
    found = pickle_names._of_chunks(iter([b"\x00" * 1000 + data[:at], data[at:]]))
    assert found.certain == {"Scaler"}


def register(ws, here, value) -> Model:
    (here / "model.pkl").write_bytes(pickle.dumps(value))
    return Model.register(ws, "model.pkl", "own")


def config(text: str) -> InferenceConfig:
    return InferenceConfig.from_source(text, environment=Environment("e"))


def test_a_package_that_would_lack_the_class_is_refused_by_its_name(ws, here, main) -> None:
    model = register(ws, here, main.Scaler())
    with pytest.raises(UsageError) as caught:
        checked_recipe(ws, [model], config(SCRIPT))
    assert caught.value.code == "model-needs-main"
    assert "own:1 was pickled with Scaler of __main__" in caught.value.message
    assert "Define Scaler in the entry script" in caught.value.hint


@pytest.mark.parametrize("more", ["class Scaler: ...\n", "from mine import Scaler\n", "import __main__\n"])
def test_a_script_that_has_the_class_or_arranges_it_passes(ws, here, main, more: str) -> None:
    assert checked_recipe(ws, [register(ws, here, main.Scaler())], config(more + SCRIPT)).models[0].name == "own"


def test_a_carried_module_that_has_it_passes(ws, here, main) -> None:
    made = config(SCRIPT)
    made.carried = {"notebook_cells.py": b"class Scaler: ...\n"}
    assert checked_recipe(ws, [register(ws, here, main.Scaler())], made).source.extra == made.carried


def test_pickles_are_read_once(ws, here, main, monkeypatch) -> None:
    model = register(ws, here, {"a": 1})
    checked_recipe(ws, [model], config(SCRIPT))
    monkeypatch.setattr(Reading, "pickles_in_layer", None)
    checked_recipe(ws, [model], config(SCRIPT))


@pytest.mark.parametrize("damage", ["", "[[", "[]", "5"])
def test_a_damaged_note_is_made_anew(ws, here, main, damage: str, home) -> None:
    model = register(ws, here, main.Scaler())
    for _ in range(2):
        with pytest.raises(UsageError, match=r"was pickled with Scaler of __main__"):
            checked_recipe(ws, [model], config(SCRIPT))
        (note,) = (home / "cache" / "pickles").iterdir()
        note.write_text(damage)
        pickle_names._noted.cache_clear()
