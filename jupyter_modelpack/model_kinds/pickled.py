"""The object that a pickle holds, told from its opcodes; nothing is unpickled (threat-model.md T10).

joblib writes arrays raw between the opcodes, so only the beginning can be read as opcodes: as far as the first global,
which is the object's class.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from jupyter_modelpack.analysis.pickle_files import pickles_in_file

_HEAD = 4096
"""Bytes that hold the first global; the names in it have 255 at most."""

_SKIPPED = re.compile(rb"\x80.|\x95.{8}|\x94|q.|r.{4}|p\d{1,9}\n|\(", re.DOTALL)
"""PROTO, FRAME, MEMOIZE, BINPUT, LONG_BINPUT, PUT, MARK: what may stand before a class."""

_GLOBAL = re.compile(rb"c([^\n]{1,255})\n([^\n]{1,255})\n")
_TEXT = re.compile(rb"(?:\x8c|X(?=.\x00\x00\x00))(.)(?:(?<=X.)\x00\x00\x00)?", re.DOTALL)
_STACK_GLOBAL = b"\x93"
_BY_COPYREG = {("copyreg", "_reconstructor"), ("copy_reg", "_reconstructor")}
"""What protocols 0 and 1 name before the class."""

_COLUMNS = b"feature_names_in_"
_VERSION = re.compile(
    rb"_sklearn_version(?:\x94|q.|r....)?(?:\x8c|X(?=.\x00\x00\x00))([\x03-\x28])(?:\x00\x00\x00)?", re.DOTALL
)
_PAIR = re.compile(rb"[\x85-\x87](?:\x94|q.|r....)?\.\Z", re.DOTALL)
"""How a pickle ends that holds one to three objects in a tuple; it begins as the first of them does."""

_IS_VERSION = re.compile(r"[0-9][\w.+]{0,39}", re.ASCII)

_OVERLAP = 256
"""Bytes of the last chunk looked at again with the next: more than `_VERSION` matches, with the text behind it."""


@dataclass(frozen=True, slots=True)
class Pickled:
    """What the bytes of a pickle say.

    Attributes:
        module: Module of the object's class.
        name: Name of that class.
        columns: Whether a scikit-learn estimator in it was fitted with named columns.
        version: Version of scikit-learn that wrote it; empty where none is named.
    """

    module: str
    name: str
    columns: bool = False
    version: str = ""


def read(file: BinaryIO, ending: str) -> Pickled | None:
    """Return what a pickle holds, joblib's compressed ones too; None for anything but an object of some class."""
    for chunks in pickles_in_file(file, ending):
        return _read(chunks)
    return None


def read_class(file: BinaryIO, ending: str) -> tuple[str, str] | None:
    """Return module and name of the class of the object in a pickle, of which only the beginning is read."""
    for chunks in pickles_in_file(file, ending):
        return top_class(next(chunks, b"")[:_HEAD])
    return None


def _read(chunks: Iterator[bytes]) -> Pickled | None:
    before = next(chunks, b"")
    found = top_class(before[:_HEAD])
    if found is None:
        return None
    columns, version = False, ""
    for chunk in chain([b""], chunks):
        window = before + chunk
        columns = columns or _COLUMNS in window
        if not version and (match := _VERSION.search(window)):
            text = window[match.end() : match.end() + match[1][0]].decode("ascii", "replace")
            # The rest may be in the next chunk; and what is no version goes into no requirement.
            version = text if len(text) == match[1][0] and _IS_VERSION.fullmatch(text) else ""
        before = window[-_OVERLAP:]
    if _PAIR.search(before):
        return None
    return Pickled(*found, columns, version)


def top_class(head: bytes) -> tuple[str, str] | None:
    """Return module and name of the class of which the pickle that begins with `head` is an object."""
    texts: list[bytes] = []
    at = 0
    while at < len(head):
        if skipped := _SKIPPED.match(head, at):
            at = skipped.end()
        elif text := _TEXT.match(head, at):
            at = text.end() + text[1][0]
            texts.append(head[text.end() : at])
        elif found := _GLOBAL.match(head, at):
            at = found.end()
            if (named := _named(found[1], found[2])) not in _BY_COPYREG:
                return named
        elif head.startswith(_STACK_GLOBAL, at) and len(texts) == 2:
            at += 1
            if (named := _named(*texts)) not in _BY_COPYREG:
                return named
            texts = []
        else:
            return None
    return None


def _named(module: bytes, name: bytes) -> tuple[str, str]:
    return module.decode("utf-8", "replace"), name.decode("utf-8", "replace")
