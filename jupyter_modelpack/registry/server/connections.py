"""Limit the connections of the embedded registry, apart for waiting and for served clients.

Only an authenticated request takes one of the slots for serving. When too many connections wait, the one that has
waited longest is closed, whether it is idle or sends its request a byte at a time.
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
        self._served: list[socket] = []
        self._ended = False
        self._changed = threading.Condition()

    def wait(self, connection: socket) -> None:
        """Add a connection that has not sent a request yet."""
        with self._changed:
            self._waiting[connection] = None
            if len(self._waiting) > CONNECTIONS:
                oldest = next(iter(self._waiting))
                del self._waiting[oldest]
                with contextlib.suppress(OSError):  # closed by the client
                    oldest.shutdown(SHUT_RDWR)

    def begin(self, connection: socket) -> bool:
        """Move a waiting connection to the served ones; return False when all slots are taken, or it was closed."""
        with self._changed:
            if self._ended or connection not in self._waiting or len(self._served) >= CONNECTIONS:
                return False
            del self._waiting[connection]
            self._served.append(connection)
        return True

    def end(self, connection: socket) -> None:
        """Move a served connection back to the waiting ones, for its next request."""
        with self._changed:
            self._served.remove(connection)
            self._changed.notify_all()
        self.wait(connection)

    def gone(self, connection: socket) -> None:
        """Remove a connection that was closed."""
        with self._changed:
            self._waiting.pop(connection, None)

    def cut(self, seconds: float) -> None:
        """Serve no more requests; break off those that are served, and wait for their end, so many seconds at most."""
        with self._changed:
            self._ended = True
            for connection in self._served:
                with contextlib.suppress(OSError):  # closed by the client
                    connection.shutdown(SHUT_RDWR)
        self.drain(seconds)

    def drain(self, seconds: float) -> None:
        """Wait, so many seconds at most, until no connection is served."""
        with self._changed:
            self._changed.wait_for(lambda: not self._served, seconds)
