"""Pieces of a body on their way from the script's thread to the connection, no faster than the client reads."""

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol

from . import limits


class ClientGoneError(Exception):
    """Nobody reads any more; the generator is closed, so that its `finally` runs."""


class Outlet(Protocol):
    """What a connection offers; called on the loop's thread."""

    def write_piece(self, piece: bytes) -> bool:
        """Write; False while the client does not read, until `Stream.drained` is called."""
        ...

    def end_stream(self, whole: bool) -> None:
        """No more pieces come; one that is not whole ends in the middle, so that nobody takes it for whole."""
        ...


class Stream:
    """One streamed body. The script's side sends, the connection's side drains or loses."""

    def __init__(self) -> None:
        self.on_end: Callable[[], None] = lambda: None
        self.on_room: Callable[[], None] = lambda: None
        self._room = threading.Condition()
        self._pieces: list[bytes] = []
        self._waiting = 0  # bytes that were sent and not written
        self._written = 0  # bytes that were written and not read by the client
        self._lost = False
        self._loop: asyncio.AbstractEventLoop
        self._outlet: Outlet | None = None

    # the script's side

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Learn on whose thread the connection lives."""
        self._loop = loop

    def send(self, piece: bytes) -> None:
        """Hand over a piece; wait while more than a bound of them has not been read."""
        self.put(piece)
        with self._room:
            self._room.wait_for(lambda: self.has_room)
        self._check()

    def put(self, piece: bytes) -> None:
        """Hand over a piece; who does not wait asks `has_room` before the next."""
        self._check()
        with self._room:
            first = not self._pieces
            self._pieces.append(piece)
            self._waiting += len(piece)
        if first:  # the others go with it, in one write
            self._loop.call_soon_threadsafe(self._deliver)

    @property
    def has_room(self) -> bool:
        """Whether another piece may come."""
        return self._lost or self._waiting + self._written <= limits.STREAM_BUFFER

    @property
    def lost(self) -> bool:
        """Whether nobody reads any more."""
        return self._lost

    def close(self, *, whole: bool) -> None:
        """Say that no more pieces come."""
        self._loop.call_soon_threadsafe(self._finish, whole)

    def _check(self) -> None:
        if self._lost:
            raise ClientGoneError

    # the connection's side, on the loop's thread

    def attach(self, outlet: Outlet) -> None:
        """The head is written: pieces may follow."""
        self._outlet = outlet

    def drained(self) -> None:
        """The client has read what was written."""
        with self._room:
            self._written = 0
            self._room.notify_all()
        self.on_room()

    def lose(self) -> None:
        """The client is gone."""
        with self._room:
            self._lost = True
            self._room.notify_all()
        self.on_room()

    def break_off(self) -> None:
        """End it in the middle now: the script takes too long over the next piece."""
        if self._outlet is not None and not self._lost:
            self._outlet.end_stream(whole=False)
        self.lose()

    def _deliver(self) -> None:
        with self._room:
            data, self._pieces = b"".join(self._pieces), []
            self._written += self._waiting
            self._waiting = 0
        if self._outlet is None:
            self.lose()
        elif data and not self._lost and self._outlet.write_piece(data):
            self.drained()

    def _finish(self, whole: bool) -> None:
        self._deliver()
        if self._outlet is not None and not self._lost:
            self._outlet.end_stream(whole)
        self.on_end()
