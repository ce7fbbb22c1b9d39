"""Digests, the names of blobs.

Source: OCI image specification 1.1, descriptor.md, "Digests". Only sha256 is accepted: it is what
every registry and engine speaks, and a second algorithm is a second way to be fooled.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import BinaryIO, Self

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.limits import CHUNK

_PATTERN = re.compile(r"sha256:[0-9a-f]{64}")


class Digest(str):
    """A well-formed ``sha256:<64 hex>``, safe in a path or a URL."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: object) -> Self:
        """Return `text` as a digest; raise `Untrusted` when it is none."""
        if not isinstance(text, str) or not _PATTERN.fullmatch(text):
            raise Untrusted(f"Not a sha256 digest: {str(text)[:100]!r}.", code="bad-digest")
        return cls(text)

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Return the digest of `data`."""
        return cls(f"sha256:{hashlib.sha256(data).hexdigest()}")

    @classmethod
    def of_stream(cls, stream: BinaryIO, check: Callable[[], object] = lambda: None) -> Self:
        """Return the digest of the rest of `stream`; `check` is called for each chunk and may raise to stop."""
        state = hashlib.sha256()
        while chunk := stream.read(CHUNK):
            check()
            state.update(chunk)
        return cls(f"sha256:{state.hexdigest()}")

    @property
    def hex(self) -> str:
        """The 64 hexadecimal digits."""
        return self[7:]

    @property
    def short(self) -> str:
        """The first 12 digits, as ``docker images`` shows an image id."""
        return self[7:19]
