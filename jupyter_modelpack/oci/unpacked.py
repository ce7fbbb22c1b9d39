"""Compute a gzip layer's diff_id while it is read."""

from __future__ import annotations

import hashlib
import zlib

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.limits import CHUNK, EXPANSION, EXPANSION_FREE
from jupyter_modelpack.oci.digest import Digest

_GZIP = 31
"""Window bits with which zlib expects a gzip header (zlib manual, inflateInit2)."""


class UnpackedDigest:
    """SHA-256 of what gzip bytes unpack to; in constant memory, and no further than `limits` allow."""

    def __init__(self) -> None:
        self._state = hashlib.sha256()
        self._inflater = zlib.decompressobj(_GZIP)
        self._packed = self._unpacked = 0

    def update(self, data: bytes) -> None:
        """Add packed bytes; raise `Untrusted` when they are no gzip, or a bomb."""
        self._packed += len(data)
        while data:
            if self._inflater.eof:  # gzip files may be joined, and padded with zeros
                data = data.lstrip(b"\0")
                self._inflater = zlib.decompressobj(_GZIP) if data else self._inflater
            if data:
                self._inflate(data)
                data = self._inflater.unconsumed_tail or self._inflater.unused_data

    @property
    def digest(self) -> Digest:
        """Digest of all that was unpacked; raise `Untrusted` when the end is missing."""
        while not self._inflater.eof:
            if not self._inflate(b""):
                raise Untrusted("A compressed layer ends too soon.", code="bad-archive")
        return Digest(f"sha256:{self._state.hexdigest()}")

    def _inflate(self, data: bytes) -> int:
        try:
            plain = self._inflater.decompress(data, CHUNK)
        except zlib.error as error:
            raise Untrusted(f"A compressed layer is damaged: {error}.", code="bad-archive") from error
        self._state.update(plain)
        self._unpacked += len(plain)
        if self._unpacked > EXPANSION_FREE + EXPANSION * self._packed:
            raise Untrusted("A compressed layer unpacks to far more than it is.", code="too-large")
        return len(plain)
