"""Which model files may be loaded on this machine without a word: those that are known to be data."""

import io
import json
import pickle  # noqa: TID251 - the tests make the pickles that nobody may load
import zipfile
from pathlib import Path

import numpy as np
import pytest

from jupyter_modelpack.analysis import model_trust
from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.workspace import Workspace


def numpy_file(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zipped(name: str = "archive/data.pkl") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, pickle.dumps([1]))
    return file.getvalue()


@pytest.fixture
def foreign(home: Path, tmp_path: Path):
    ws = Workspace.create("trust")

    def ask(name: str, content: bytes) -> list[str]:
        (tmp_path / name).write_bytes(content)
        return model_trust.foreign([Model.register(ws, tmp_path / name, "model").part()], ws.store)

    return ask


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("factors.json", b"[2, 3]"),
        ("factors.json", json.dumps({"a": 1}).encode()),
        ("rows.npy", numpy_file(np.eye(2))),
        ("words.npy", numpy_file(np.array(["a", "bc"]))),
        ("model.onnx", b"\x08\x09rest"),
        ("model.txt", b"tree\nversion=v4\n"),
        ("model.ubj", b"{L\x00"),
        ("model.cbm", b"CBM1rest"),
        ("model.safetensors", (2).to_bytes(8, "little") + b"{}"),
    ],
)
def test_numbers_and_text_are_data(foreign, name, content):
    assert foreign(name, content) == []


@pytest.mark.parametrize(
    "ending", [".json", ".txt", ".bin", ".npy", ".onnx", ".ubj", ".cbm", ".safetensors", ".parquet"]
)
@pytest.mark.parametrize("protocol", [0, 1, 2, 5])
def test_a_pickle_is_none_whatever_its_ending(foreign, ending, protocol):
    assert foreign(f"model{ending}", pickle.dumps({"a": [1]}, protocol)) == ["model:1"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.pkl", pickle.dumps([1])),
        ("words.npy", numpy_file(np.array([{}], dtype=object))),
        ("model.json", zipped()),
        ("model.bin", zipped()),
        ("model.npy", b"ZF" + bytes(20)),
        ("model", b"[2, 3]"),
        ("empty.json", b""),
    ],
)
def test_what_is_not_known_to_be_data_is_none(foreign, name, content):
    assert foreign(name, content) == ["model:1"]
