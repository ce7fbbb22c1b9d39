"""Read a connection, bounding time and size of each request's head.

A socket's timeout counts from byte to byte, so a client that sends one now and then never exceeds it.
"""

from __future__ import annotations

import io
import time
from socket import socket
from typing import Any

from jupyter_modelpack.limits import REQUEST_HEAD_SECONDS, REQUEST_HEADER_BYTES, REQUEST_LINE_BYTES

_HEAD_BYTES = 2 * (REQUEST_LINE_BYTES + REQUEST_HEADER_BYTES)
"""More than any head we accept, so that a slightly longer one gets an error about the part that is too long."""


class Incoming(io.RawIOBase):
    """The stream of bytes from a client.

    Attributes:
        cut: Status for a request whose head exceeded a bound; 0 while none did.

    """

    def __init__(self, connection: socket, idle_seconds: float) -> None:
        self._connection, self._idle = connection, idle_seconds
        self._deadline: float | None = None
        self._left = 0
        self.cut = 0

    def begin_head(self) -> None:
        """Start the bounds of a head."""
        self._deadline, self._left, self.cut = time.monotonic() + REQUEST_HEAD_SECONDS, _HEAD_BYTES, 0

    def end_head(self) -> None:
        """End the bounds of a head; only pauses are bounded from now on."""
        self._deadline = None
        self._connection.settimeout(self._idle)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has arrived; end of file for a head that is too slow or too long."""
        if self._deadline is None:
            return self._connection.recv_into(buffer)
        left = self._deadline - time.monotonic()
        if left <= 0 or self._left <= 0:
            self.cut = self.cut or (408 if left <= 0 else 431)
            return 0
        self._connection.settimeout(min(self._idle, left))
        try:
            count = self._connection.recv_into(buffer)
        except TimeoutError:
            self.cut = 408
            return 0
        self._left -= count
        return count
