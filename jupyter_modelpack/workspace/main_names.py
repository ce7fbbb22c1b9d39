"""Which classes and functions of ``__main__`` the pickles of a model name.

A pickle names a class by its module. What a notebook or a script defined itself has the module
``__main__``, and in an image that is another program: the commonest way for such an image to break.
Nothing is unpickled: the names stand in the bytes, behind the opcodes that fetch a global.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from jupyter_modelpack.limits import CHUNK, PICKLE_BYTES
from jupyter_modelpack.oci.archive import ArchiveReader
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.files import write_file
from jupyter_modelpack.store.layout import Layout

_ENDINGS = {".pkl", ".pickle", ".joblib", ".p", ".pt", ".pth", ".sav"}
_OVERLAP = 600
"""Bytes of the last chunk looked at again with the next: two names of 255 with their opcodes."""

# GLOBAL of protocols 0 to 3; SHORT_BINUNICODE twice, memoized, then STACK_GLOBAL of protocols 4 and 5
# (pickletools.opcodes). A second name of the same module finds it by its number in the memo instead,
# which only a whole parse could follow, and joblib's arrays lie raw between the opcodes.
_OLD = re.compile(rb"c__main__\n([^\W\d]\w*)\n")
_NEW = re.compile(rb"\x8c\x08__main__\x94?\x8c(.)([^\W\d]\w*)\x94?\x93", re.DOTALL)
_MEMO = re.compile(rb"(?:h.|j....)\x8c(.)([^\W\d]\w*)\x94?\x93", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MainNames:
    """Names that a model's pickles fetch.

    Attributes:
        certain: From ``__main__``.
        possible: From a module that cannot be told, perhaps ``__main__``; empty when `certain` is.
    """

    certain: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()

    def __or__(self, other: MainNames) -> MainNames:
        return MainNames(self.certain | other.certain, self.possible | other.possible)


def of_layer(layer: Descriptor, store: Layout, cache: Layout) -> MainNames:
    """Return the names in a model's layer; `cache` remembers them by its digest."""
    path = cache.path / "pickles" / layer.digest.hex
    try:
        return _noted(path)
    except FileNotFoundError:
        found = MainNames()
    with store.blob_path(layer.digest).open("rb") as file:
        archive = ArchiveReader(file)
        for name in archive.names():
            with cast("BinaryIO", archive.open(name)) as member:
                found |= of_file(member, PurePosixPath(name).suffix)
    write_file(path, json.dumps([sorted(found.certain), sorted(found.possible)]).encode())
    return found


@lru_cache(maxsize=1024)
def _noted(path: Path) -> MainNames:
    return MainNames(*map(frozenset, json.loads(path.read_bytes())))


def of_file(file: BinaryIO, ending: str) -> MainNames:
    """Return the names in one file: a pickle, one that joblib compressed, or an archive of PyTorch's."""
    start = file.read(6)
    file.seek(0)
    if start.startswith(b"PK\x03\x04"):
        return _of_zip(file)
    unpacked = _unpacked(file, start)
    if unpacked is None:
        if not (start.startswith(b"\x80") or ending in _ENDINGS):
            return MainNames()
        unpacked = iter(lambda: file.read(CHUNK), b"")
    return _of_chunks(unpacked)


def _of_zip(file: BinaryIO) -> MainNames:
    found = MainNames()
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                if entry.filename.endswith(".pkl"):
                    with archive.open(entry) as member:
                        found |= _of_chunks(iter(lambda: member.read(CHUNK), b""))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):  # no zip after all, or one with a password
        return MainNames()
    return found


def _unpacked(file: BinaryIO, start: bytes) -> Iterator[bytes] | None:
    """Return the chunks of a compressed file; None when it is not compressed."""
    if start[:1] == b"\x78" and start[1:2] in {b"\x01", b"\x5e", b"\x9c", b"\xda"}:
        return _inflated(file)
    if start.startswith(b"\x1f\x8b"):
        zipped = gzip.GzipFile(fileobj=file)
        return iter(lambda: zipped.read(CHUNK), b"")
    if start.startswith(b"BZh"):
        squeezed = bz2.BZ2File(file)
        return iter(lambda: squeezed.read(CHUNK), b"")
    if start.startswith((b"\xfd7zXZ", b"\x5d\x00\x00")):
        packed = lzma.LZMAFile(file)  # noqa: SIM115 - over a file that its opener closes
        return iter(lambda: packed.read(CHUNK), b"")
    return None


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    unpacker = zlib.decompressobj()
    while chunk := file.read(CHUNK >> 4):
        yield unpacker.decompress(chunk)


def _of_chunks(chunks: Iterator[bytes]) -> MainNames:
    certain: set[str] = set()
    possible: set[str] = set()
    before, seen = b"", 0
    try:
        for chunk in chunks:
            window = before + chunk
            if b"__main__" in window:
                certain.update(_old_names(window), _names(_NEW, window))
            if certain:  # a module is in the memo only once it has been named
                possible.update(_names(_MEMO, window))
            before, seen = window[-_OVERLAP:], seen + len(chunk)
            if seen > PICKLE_BYTES:
                break
    except (OSError, EOFError, zlib.error, lzma.LZMAError):  # not what it began as, or cut off: the service will say
        pass
    return MainNames(frozenset(certain), frozenset(possible - certain))


def _old_names(window: bytes) -> Iterator[str]:
    yield from (match[1].decode() for match in _OLD.finditer(window))


def _names(pattern: re.Pattern[bytes], window: bytes) -> Iterator[str]:
    yield from (match[2].decode() for match in pattern.finditer(window) if match[1][0] == len(match[2]))
