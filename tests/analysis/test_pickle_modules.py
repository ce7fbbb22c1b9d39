"""The modules that pickles fetch from, whatever protocol and compression they are written with."""

import collections
import pickle  # noqa: TID251 - written here
from decimal import Decimal
from pathlib import PurePosixPath

import joblib
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jupyter_modelpack.analysis.pickle_modules import modules_in, modules_of_file
from tests.linear.cost import STEEP, growth


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_module_is_found_once_it_is_named(protocol):
    value = [Decimal(1), collections.OrderedDict(), PurePosixPath("a"), Decimal(2)]
    found = modules_in(iter([pickle.dumps(value, protocol)]))
    assert {"decimal", "collections", "pathlib"} <= found


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_a_pipeline_of_joblib_names_what_it_is_made_of(tmp_path, compress):
    rows = np.random.default_rng(0).normal(size=(40, 3))
    model = make_pipeline(StandardScaler(), RandomForestClassifier(3)).fit(rows, rows[:, 0] > 0)
    joblib.dump(model, tmp_path / "model.joblib", compress=compress)
    found = modules_of_file(tmp_path / "model.joblib")
    assert {
        "sklearn.pipeline",
        "sklearn.preprocessing._data",
        "sklearn.ensemble._forest",
        "joblib.numpy_pickle",
    } <= found
    assert {name.partition(".")[0] for name in found} <= {
        "sklearn",
        "joblib",
        "numpy",
        "copyreg",
        "builtins",
        "_codecs",
    }


@pytest.mark.parametrize("at", range(0, 120, 7))
def test_a_name_across_two_chunks_is_found(at):
    data = pickle.dumps([Decimal(1), PurePosixPath("a")])
    assert modules_in(iter([data[:at], data[at:]])) == modules_in(iter([data]))


def test_text_that_is_data_is_no_module():
    data = ["numpy", {"torch": "sklearn"}, ("impurity", "values"), Decimal(1)]
    assert modules_in(iter([pickle.dumps(data)])) == {"decimal"}


@pytest.mark.parametrize("piece", [b"c", b"cc\n", b"c" * 200 + b"\n", b"ca\nb\n"])
def test_bytes_that_look_like_opcodes_cost_no_more_than_their_length(piece):
    def read(length: int) -> None:
        modules_in(iter([piece * (length // len(piece))]))

    assert growth(read, lambda length: length, 1 << 17) < STEEP
    assert len(modules_in(iter([b"".join(b"cm%d\nx\n" % number for number in range(30_000))]))) <= 10_000
