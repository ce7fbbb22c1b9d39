"""Chunks of a body on their way from the script's thread to the connection, no faster than the client reads."""

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol

from . import limits


class ClientGoneError(Exception):
    """The client has disconnected; the generator is closed, so that its `finally` runs."""


class Outlet(Protocol):
    """What writes the body; called on the loop's thread."""

    def write_chunk(self, chunk: bytes) -> bool:
        """Write; False while the client does not read, until `Stream.resume_writing` is called."""
        ...

    def end_stream(self, whole: bool) -> None:
        """End the body; one that is not whole is cut off, so that the client does not take it for whole."""
        ...


class Stream:
    """One streamed body: the script's thread sends chunks, the loop's thread writes them."""

    def __init__(self) -> None:
        self.on_end: Callable[[], None] = lambda: None
        self.on_writable: Callable[[], None] = lambda: None
        """Called on the loop's thread when `writable` may have become true."""
        self._changed = threading.Condition()
        self._chunks: list[bytes] = []
        self._unsent = 0  # bytes that were put and not written
        self._unread = 0  # bytes that were written and not read by the client
        self._disconnected = False
        self._loop: asyncio.AbstractEventLoop
        self._outlet: Outlet | None = None

    # called on the script's thread

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set the loop on whose thread the connection lives."""
        self._loop = loop

    def send(self, chunk: bytes) -> None:
        """Hand over a chunk; wait while the client is more than `limits.STREAM_BUFFER` bytes behind.

        Raises:
            ClientGoneError: the client has disconnected.
        """
        self.put(chunk)
        with self._changed:
            self._changed.wait_for(lambda: self.writable)
        self._check()

    def put(self, chunk: bytes) -> None:
        """Hand over a chunk without waiting; the caller checks `writable` before the next one.

        Raises:
            ClientGoneError: the client has disconnected.
        """
        self._check()
        with self._changed:
            first = not self._chunks
            self._chunks.append(chunk)
            self._unsent += len(chunk)
        if first:  # the others go with it, in one write
            self._loop.call_soon_threadsafe(self._deliver)

    @property
    def writable(self) -> bool:
        """Whether another chunk may be put."""
        return self._disconnected or self._unsent + self._unread <= limits.STREAM_BUFFER

    @property
    def disconnected(self) -> bool:
        """Whether the client has disconnected."""
        return self._disconnected

    def close(self, *, whole: bool) -> None:
        """End the body behind what was put; `whole` is False where the script has failed."""
        self._loop.call_soon_threadsafe(self._finish, whole)

    def _check(self) -> None:
        if self._disconnected:
            raise ClientGoneError

    # called on the loop's thread

    def attach(self, outlet: Outlet) -> None:
        """Set what writes the chunks; the head is written."""
        self._outlet = outlet

    def resume_writing(self) -> None:
        """The client has read what was written."""
        with self._changed:
            self._unread = 0
            self._changed.notify_all()
        self.on_writable()

    def disconnect(self) -> None:
        """The client has disconnected."""
        with self._changed:
            self._disconnected = True
            self._changed.notify_all()
        self.on_writable()

    def abort(self) -> None:
        """Cut the body off now: the script takes too long to make the next chunk."""
        if self._outlet is not None and not self._disconnected:
            self._outlet.end_stream(whole=False)
        self.disconnect()

    def _deliver(self) -> None:
        with self._changed:
            data, self._chunks = b"".join(self._chunks), []
            self._unread += self._unsent
            self._unsent = 0
        if self._outlet is None:
            self.disconnect()
        elif data and not self._disconnected and self._outlet.write_chunk(data):
            self.resume_writing()

    def _finish(self, whole: bool) -> None:
        self._deliver()
        if self._outlet is not None and not self._disconnected:
            self._outlet.end_stream(whole)
        self.on_end()
