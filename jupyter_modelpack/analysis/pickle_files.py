"""The bytes of the pickles in a file: one as it is, one that joblib compressed, those in an archive of PyTorch's."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from jupyter_modelpack.limits import CHUNK, PICKLE_BYTES
from jupyter_modelpack.oci.archive import ArchiveReader

UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, KeyError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
"""What reading a damaged, encrypted or unknown archive raises; the service will say what is wrong with it."""

_ENDINGS = {".pkl", ".pickle", ".joblib", ".p", ".pt", ".pth", ".sav"}


def pickles_in_layer(layer: BinaryIO) -> Iterator[Iterator[bytes]]:
    """Yield the chunks of each pickle in a model's layer; each is to be read before the next one is asked for."""
    archive = ArchiveReader(layer)
    for name in archive.names():
        with cast("BinaryIO", archive.open(name)) as member:
            yield from pickles_in_file(member, PurePosixPath(name).suffix)


def pickles_in_file(file: BinaryIO, ending: str) -> Iterator[Iterator[bytes]]:
    """Yield the chunks of each pickle in one file, of each no more than `PICKLE_BYTES`."""
    start = file.read(6)
    file.seek(0)
    if start.startswith(b"PK\x03\x04"):
        yield from _in_zip(file)
        return
    unpacked = _unpacked(file, start)
    if unpacked is not None:
        yield _bounded(unpacked)
    elif start.startswith(b"\x80") or ending in _ENDINGS:
        yield _bounded(iter(lambda: file.read(CHUNK), b""))


def _bounded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    seen = 0
    try:
        for chunk in chunks:
            yield chunk
            seen += len(chunk)
            if seen > PICKLE_BYTES:
                return
    except UNREADABLE:
        return


def _in_zip(file: BinaryIO) -> Iterator[Iterator[bytes]]:
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                if entry.filename.endswith(".pkl"):
                    with archive.open(entry) as member:
                        yield _bounded(iter(lambda: member.read(CHUNK), b""))
    except UNREADABLE:
        return


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
