"""Verify a blob while it is read (promises.md F18)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Self

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.os_errors import disk_errors


class VerifiedStream:
    """A file whose bytes are checked against their descriptor while they are read.

    Args:
        file: The blob's file.
        descriptor: What it should be.
        damaged: Makes the error to raise from what is wrong, ``size`` or ``digest``.

    """

    def __init__(self, file: BinaryIO, descriptor: Descriptor, damaged: Callable[[str], Untrusted]) -> None:
        self._file, self._descriptor, self._damaged = file, descriptor, damaged
        self._state = hashlib.sha256()
        self._seen = 0
        if os.fstat(file.fileno()).st_size != descriptor.size:
            file.close()
            raise damaged("size")

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes; the last ones are returned only if the whole blob matches."""
        with disk_errors(Path(self._file.name), "a blob", "read"):
            data = self._file.read(size)
        self._state.update(data)
        self._seen += len(data)
        if self._seen >= self._descriptor.size and self._state.hexdigest() != self._descriptor.digest.hex:
            raise self._damaged("digest")
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
