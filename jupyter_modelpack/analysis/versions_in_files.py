"""Versions of libraries that stand in files which are no pickles: a few kilobytes of each are looked at.

What is passed over: ONNX names its producer and an opset, and a runtime implements the opsets of all models before it;
safetensors, TorchScript and LightGBM's text name the format alone.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from packaging.utils import canonicalize_name

from jupyter_modelpack.analysis.made_with import Made, Rule
from jupyter_modelpack.analysis.pickle_files import UNREADABLE
from jupyter_modelpack.analysis.versions_in_pickles import CATBOOST, xgboost_version
from jupyter_modelpack.limits import MODEL_HEAD_BYTES, SCHEMA_BYTES

_FIELDS: dict[str, tuple[re.Pattern[str], str, Rule]] = {
    "config.json": (re.compile(r'"transformers_version"\s{0,9}:\s{0,9}"([^"\\]{1,64})"'), "transformers", "not-newer"),
    "config_sentence_transformers.json": (
        re.compile(r'"sentence_transformers"\s{0,9}:\s{0,9}"([^"\\]{1,64})"'),
        "sentence-transformers",
        "not-newer",
    ),
    "meta.json": (re.compile(r'"spacy_version"\s{0,9}:\s{0,9}"([^"\\]{1,64})"'), "spacy", "within"),
    "metadata.json": (re.compile(r'"keras_version"\s{0,9}:\s{0,9}"([^"\\]{1,64})"'), "keras", "not-newer"),
}
"""By a file's name: field, library, rule."""

_FLAVORS: dict[str, tuple[str, Rule]] = {
    "sklearn": ("scikit-learn", "same"),
    "statsmodels": ("statsmodels", "same"),
    "xgb": ("xgboost", "not-newer"),
    "lgb": ("lightgbm", "not-newer"),
    "catboost": ("catboost", "not-newer"),
    "keras": ("keras", "not-newer"),
    "pytorch": ("torch", "not-newer"),
    "spacy": ("spacy", "not-newer"),
    "transformers": ("transformers", "not-newer"),
    "sentence_transformers": ("sentence-transformers", "not-newer"),
}
"""By the beginning of a field of an MLmodel: ``sklearn_version``."""

_FLAVOR = re.compile(r"^ {2,8}([a-z_]{1,40})_version: {1,4}['\"]?([\w.+!]{1,64})['\"]?\s{0,9}$", re.MULTILINE)
_PIN = re.compile(r"^([\w.-]{1,100})(?:\[[\w,.-]{0,100}\])?==([\w.+!]{1,64})\s{0,9}$", re.MULTILINE)

_SKLEARN_IN_SKOPS = re.compile(
    r'"_sklearn_version"\s{0,40}:\s{0,9}\{[^{}]{0,400}?"content"\s{0,9}:\s{0,9}"\\"([\w.+]{1,64})\\""'
)
_CLASS_IN_SKOPS = re.compile(
    r'"__class__"\s{0,9}:\s{0,9}"(\w{1,200})",\s{0,99}"__module__"\s{0,9}:\s{0,9}"sklearn\.[\w.]{1,200}"'
)

_HDF5 = b"\x89HDF\r\n\x1a\n"
# An attribute of HDF5: sizes of name, type and shape; name; a type of variable length; shape; then size, place, number.
_ATTRIBUTE = re.compile(
    rb"\x01\x00\x0e\x00\x14\x00\x08\x00keras_version\x00\x00\x00\x19.{23}.{8}(.{4})(.{8})(.{4})", re.DOTALL
)
_HEAP = b"GCOL\x01\x00\x00\x00"


def versions(file: BinaryIO, path: str, names: Collection[str]) -> Iterator[Made]:
    """Yield what a file says of the libraries that made it.

    Args:
        file: The file, at its beginning.
        path: Its path in the model.
        names: The paths of all its files.

    """
    name = PurePosixPath(path).name
    mlflow = str(PurePosixPath(path).with_name("MLmodel")) in names
    if name == "MLmodel" or (name == "requirements.txt" and mlflow):
        text = file.read(MODEL_HEAD_BYTES).decode("utf-8", "replace")
        yield from _of_mlflow(text) if name == "MLmodel" else _of_pins(text)
        return
    start = file.read(16)
    file.seek(0)
    if name in _FIELDS:
        yield from _of_fields(file.read(MODEL_HEAD_BYTES), name)
    elif start.startswith(b"PK\x03\x04"):
        yield from _of_zip(file, PurePosixPath(path).suffix)
    elif start.startswith(_HDF5):
        yield from _of_hdf5(file)
    elif start.startswith(b"CBM1"):
        yield from _of_catboost(file.read(MODEL_HEAD_BYTES))
    elif start.lstrip()[:1] == b"{":
        yield from _of_json(file)


def _of_mlflow(text: str) -> Iterator[Made]:
    for match in _FLAVOR.finditer(text):
        if match[1] in _FLAVORS:
            library, rule = _FLAVORS[match[1]]
            yield Made(library, match[2], rule)


def _of_pins(text: str) -> Iterator[Made]:
    for match in _PIN.finditer(text):
        yield Made(canonicalize_name(match[1]), match[2], "told")


def _of_fields(data: bytes, name: str) -> Iterator[Made]:
    pattern, library, rule = _FIELDS[name]
    if match := pattern.search(data.decode("utf-8", "replace")):
        yield Made(library, match[1], rule)


def _of_zip(file: BinaryIO, ending: str) -> Iterator[Made]:
    if ending not in {".keras", ".skops"}:
        return
    try:
        with zipfile.ZipFile(file) as archive:
            if ending == ".keras":
                with archive.open("metadata.json") as member:
                    yield from _of_fields(member.read(MODEL_HEAD_BYTES), "metadata.json")
            else:
                with archive.open("schema.json") as member:
                    yield from _of_skops(member.read(SCHEMA_BYTES).decode("utf-8", "replace"))
    except UNREADABLE:
        return


def _of_skops(schema: str) -> Iterator[Made]:
    named = _CLASS_IN_SKOPS.search(schema)
    for version in sorted(set(_SKLEARN_IN_SKOPS.findall(schema))):
        yield Made("scikit-learn", version, "same", named[1] if named else "", imports=True)


def _of_hdf5(file: BinaryIO) -> Iterator[Made]:
    """Follow Keras's attribute to the heap in which its text lies."""
    match = _ATTRIBUTE.search(file.read(MODEL_HEAD_BYTES))
    if match is None:
        return
    size, place, number = (int.from_bytes(part, "little") for part in match.groups())
    if place >= 1 << 48:  # no file is as long
        return
    file.seek(place)
    heap = file.read(MODEL_HEAD_BYTES)
    at = 16
    while heap.startswith(_HEAP) and at + 16 <= len(heap):
        index, length = int.from_bytes(heap[at : at + 2], "little"), int.from_bytes(heap[at + 8 : at + 16], "little")
        if index == number:
            yield Made("keras", heap[at + 16 : at + 16 + min(size, length, 64)].decode("ascii", "replace"), "not-newer")
        if index in {0, number}:
            return
        at += 16 + -(-length // 8) * 8


def _of_catboost(head: bytes) -> Iterator[Made]:
    if match := CATBOOST.search(head):
        yield Made("catboost", match[1].decode(), "not-newer")


def _of_json(file: BinaryIO) -> Iterator[Made]:
    """Look at both ends of a model that XGBoost wrote as JSON or UBJSON, or CatBoost as JSON."""
    head = file.read(MODEL_HEAD_BYTES)
    if b'"catboost_version_info"' in head:
        yield from _of_catboost(head.replace(b"\\n", b"\n"))
    if b"learner" not in head or not re.match(rb'\{(?:\s{0,99}"|L\x00{7}\x07)(?:learner|version)', head):
        return
    tail = head
    if len(head) == MODEL_HEAD_BYTES:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 4096))
        tail = file.read(4096)
    for part in (tail, head[:4096]):  # it is the last of the fields that are sorted by name
        if version := xgboost_version(part):
            yield Made("xgboost", version, "not-newer")
            return
