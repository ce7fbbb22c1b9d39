"""One stream of numbered events for all pages; who comes back later gets what was missed."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KEPT = 1_000
"""Events for those who come back; a build makes eight a second at the most, so two minutes of it."""

KEPT_BYTES = 16 << 20
"""What these may hold together."""

WAITING = 2 * KEPT
"""Events that one page may lag behind before it has to come back: more than it is told when it does."""

WAITING_BYTES = 2 * KEPT_BYTES
"""What these may hold together, but for the one that a page with nothing else to read gets, however large."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        id: ``<epoch>-<number>``; empty for what only one page hears.
        kind: What, in a word.
        text: All of it as JSON, as every page gets it; ASCII, so a letter is a byte.
    """

    id: str
    kind: str
    text: str


def event(kind: str, data: Any, id: str = "") -> Event:  # noqa: A002
    """Make an event."""
    return Event(id, kind, json.dumps({"id": id, "kind": kind, "data": data}))


class Listener:
    """One page's end of the stream; it is told in the thread of its event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._queue, self._bytes = loop, asyncio.Queue[Event | None](WAITING), 0
        self.lost = False

    def put(self, event: Event | None) -> None:
        """Hand an event on, from any thread; None ends the stream."""
        try:
            self._loop.call_soon_threadsafe(self._take, event)
        except RuntimeError:
            self.lost = True  # the loop has ended, and the page's connection with it

    def _take(self, event: Event | None) -> None:
        size = len(event.text) if event else 0
        if self._queue.full() or (self._bytes and self._bytes + size > WAITING_BYTES):
            self.lost = True
            return
        self._bytes += size
        self._queue.put_nowait(event)

    async def get(self, seconds: float) -> Event | None:
        """Return the next event; raise `TimeoutError` when there is none for so long."""
        event = await asyncio.wait_for(self._queue.get(), seconds)
        self._bytes -= len(event.text) if event else 0
        return event


class Hub:
    """Where everything that happens is announced."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._epoch, self._number = uuid.uuid4().hex[:8], 0
        self._kept: deque[Event] = deque()
        self._kept_bytes = 0
        self._listeners: set[Listener] = set()

    def publish(self, kind: str, data: Any) -> None:
        """Tell all pages."""
        with self._lock:
            self._number += 1
            made = event(kind, data, f"{self._epoch}-{self._number}")
            self._keep(made)
            for listener in self._listeners:
                listener.put(made)

    def join(self, listener: Listener, last: str, whole: Callable[[], Any]) -> None:
        """Let a page listen, from behind the event `last` on.

        One that has seen nothing, too little, or the events of another server begins with `whole`.
        """
        with self._lock:
            missed = self._missed(last)
            if missed is None:
                listener.put(event("whole", whole(), f"{self._epoch}-{self._number}"))
            for one in missed or ():
                listener.put(one)
            self._listeners.add(listener)

    def leave(self, listener: Listener) -> None:
        """Let a page go."""
        with self._lock:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams."""
        with self._lock:
            for listener in self._listeners:
                listener.put(None)

    def _keep(self, event: Event) -> None:
        self._kept.append(event)
        self._kept_bytes += len(event.text)
        while len(self._kept) > KEPT or self._kept_bytes > KEPT_BYTES:
            self._kept_bytes -= len(self._kept.popleft().text)

    def _missed(self, last: str) -> list[Event] | None:
        epoch, _, number = last.rpartition("-")
        if epoch != self._epoch or not number.isdecimal() or len(number) > 15:
            return None
        seen = int(number)
        if seen > self._number or seen < self._number - len(self._kept):
            return None
        return [one for one in self._kept if int(one.id.rpartition("-")[2]) > seen]
