"""Who is connected to the embedded registry: those who still have to say who they are, and those who are served.

Only who has given the password takes one of the places to be served. Who waits holds nothing that others need: of too
many, the one that has waited longest is hung up on, be it idle or sending its request a byte at a time.
"""

from __future__ import annotations

import contextlib
import threading
from socket import SHUT_RDWR, socket

from jupyter_modelpack.limits import CONNECTIONS


class Connections:
    """The connections of one server, from any number of threads."""

    def __init__(self) -> None:
        self._waiting: dict[socket, None] = {}
        self._served = 0
        self._changed = threading.Condition()

    def wait(self, connection: socket) -> None:
        """Take in a connection that has not said yet what it wants."""
        with self._changed:
            self._waiting[connection] = None
            if len(self._waiting) > CONNECTIONS:
                oldest = next(iter(self._waiting))
                del self._waiting[oldest]
                with contextlib.suppress(OSError):  # gone by itself
                    oldest.shutdown(SHUT_RDWR)

    def begin(self, connection: socket) -> bool:
        """Serve a connection that waits; return False when all places are taken, or it was hung up on."""
        with self._changed:
            if connection not in self._waiting or self._served >= CONNECTIONS:
                return False
            del self._waiting[connection]
            self._served += 1
        return True

    def end(self, connection: socket) -> None:
        """Let a connection that was served wait for its next request."""
        with self._changed:
            self._served -= 1
            self._changed.notify_all()
        self.wait(connection)

    def gone(self, connection: socket) -> None:
        """Forget a connection."""
        with self._changed:
            self._waiting.pop(connection, None)

    def drain(self, seconds: float) -> None:
        """Wait until nobody is served any more, so long at most."""
        with self._changed:
            self._changed.wait_for(lambda: not self._served, seconds)
