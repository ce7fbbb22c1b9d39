"""Bound the headers of untrusted tar archives before `tarfile` reads them.

`tarfile` takes an extended header into memory whole, however long it says it is, and its patterns need minutes for
one of many digits (CVE-2024-6232, fixed in 3.11.10). What comes from outside is opened with `tarinfo=BoundedInfo`.
"""

from __future__ import annotations

import tarfile
from typing import Any, Self

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.limits import TAR_GLOBALS, TAR_HEADER_BYTES

_PAX = {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE}
_EXTENDED = {*_PAX, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}
_DIGITS = bytes(49 if byte in b"0123456789" else 32 for byte in range(256))
_RUN = b"1" * 64


class BoundedInfo(tarfile.TarInfo):
    """A member whose headers are bounded and well-formed."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: str, errors: str) -> Self:
        """Read a header block; raise `Untrusted` when more than a bound of headers is to follow."""
        info = super().frombuf(buf, encoding, errors)
        if info.type in _EXTENDED and info.size > TAR_HEADER_BYTES:
            raise Untrusted(
                f"A header in an archive says that it is {info.size} bytes long; {TAR_HEADER_BYTES} are the limit.",
                code="too-large",
            )
        if info.type == tarfile.GNUTYPE_SPARSE:
            raise _sparse(info.name)
        return info

    def _proc_pax(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        """Read an extended header; refuse what would take `tarfile` long before it parses it."""
        file: Any = archive.fileobj
        block: bytes = file.read(self._block(self.size))  # type: ignore[attr-defined]
        check_records(block[: self.size], self.name)
        archive.fileobj = _Again(block, file)
        try:
            info: tarfile.TarInfo = super()._proc_pax(archive)  # type: ignore[misc]
        finally:
            archive.fileobj = file
        if len(archive.pax_headers) > TAR_GLOBALS:
            raise Untrusted(f"More than {TAR_GLOBALS} global headers in an archive.", code="too-large")
        return info


def check_records(block: bytes, name: str) -> None:
    """Raise `Untrusted` unless `block` is an extended header as POSIX defines it: ``<length> <name>=<value>`` lines."""
    at = 0
    while at < len(block):
        space = block.find(b" ", at, at + 8)
        length = int(block[at:space]) if space > at and block[at:space].isdigit() else 0
        equals = block.find(b"=", space, at + length)
        if not length or equals < 0 or block[at + length - 1 : at + length] != b"\n":
            raise Untrusted(f"A header in an archive, {name[:200]!r}, is damaged.", code="archive-unsafe")
        if block.startswith(b"GNU.sparse.", space + 1):
            raise _sparse(name)
        at += length
    if _RUN in block.translate(_DIGITS):
        raise Untrusted(f"A header in an archive, {name[:200]!r}, holds an endless number.", code="archive-unsafe")


def _sparse(name: str) -> Untrusted:
    return Untrusted(f"{name[:200]!r} is a sparse file; images have none.", code="archive-unsafe")


class _Again:
    """An archive's file with one block pushed back, to be read again."""

    def __init__(self, block: bytes, file: Any) -> None:
        self._block, self._file = block, file

    def read(self, size: int) -> bytes:
        block, self._block = self._block, b""
        return block or self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
