"""The bytes of a connection, with an end to how long and how large the head of a request may be.

A timeout of the socket counts from byte to byte: who sends one now and then never meets it.
"""

from __future__ import annotations

import io
import time
from socket import socket
from typing import Any

from jupyter_modelpack.limits import REQUEST_HEAD_SECONDS, REQUEST_HEADER_BYTES, REQUEST_LINE_BYTES

_HEAD_BYTES = 2 * (REQUEST_LINE_BYTES + REQUEST_HEADER_BYTES)
"""More than any head we accept, so that one a little too long is told which of its parts is."""


class Incoming(io.RawIOBase):
    """What a client sends.

    Attributes:
        cut: Status to refuse the request with whose head was cut off; 0 while it was not.

    """

    def __init__(self, connection: socket, idle_seconds: float) -> None:
        self._connection, self._idle = connection, idle_seconds
        self._deadline: float | None = None
        self._left = 0
        self.cut = 0

    def begin_head(self) -> None:
        """Bound what comes from now on."""
        self._deadline, self._left, self.cut = time.monotonic() + REQUEST_HEAD_SECONDS, _HEAD_BYTES, 0

    def end_head(self) -> None:
        """Bound only the pauses from now on."""
        self._deadline = None
        self._connection.settimeout(self._idle)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what there is; nothing more of a head that is too slow or too long."""
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
