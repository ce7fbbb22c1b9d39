"""Hash a file on a thread while it is written.

For a large model, hashing takes as long as copying; doing both at once halves the time of registering it.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor

from jupyter_modelpack.oci.digest import Digest

BESIDE = 1 << 18
"""Pieces from this size are hashed by a thread; for smaller ones that would cost more than it saves."""


class Hasher:
    """SHA-256 of a sequence of pieces; large pieces are hashed on a thread."""

    def __init__(self) -> None:
        self._state = hashlib.sha256()
        self._pool: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None

    def update(self, data: bytes) -> None:
        """Add `data`, which must not be changed afterwards."""
        self._settle()
        if len(data) < BESIDE:
            self._state.update(data)
            return
        self._pool = self._pool or ThreadPoolExecutor(1, "modelpack-hash")
        self._pending = self._pool.submit(self._state.update, data)

    @property
    def digest(self) -> Digest:
        """Digest of all pieces so far."""
        self._settle()
        return Digest(f"sha256:{self._state.hexdigest()}")

    def close(self) -> None:
        """End the thread."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None
