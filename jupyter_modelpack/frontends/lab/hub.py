"""One stream of numbered events for all pages; who comes back later gets what was missed."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KEPT = 1_000
"""Events for those who come back; a build makes eight a second at the most, so two minutes of it."""

WAITING = 2 * KEPT
"""Events that one page may lag behind before it has to come back: more than it is told when it does."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        id: ``<epoch>-<number>``; empty for what only one page hears.
        kind: What, in a word.
        data: JSON.
    """

    id: str
    kind: str
    data: Any


class Listener:
    """One page's end of the stream; it is told in the thread of its event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._queue = loop, asyncio.Queue[Event | None](WAITING)
        self.lost = False

    def put(self, event: Event | None) -> None:
        """Hand an event on, from any thread; None ends the stream."""
        try:
            self._loop.call_soon_threadsafe(self._take, event)
        except RuntimeError:
            self.lost = True  # the loop has ended, and the page's connection with it

    def _take(self, event: Event | None) -> None:
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self.lost = True

    async def get(self, seconds: float) -> Event | None:
        """Return the next event; raise `TimeoutError` when there is none for so long."""
        return await asyncio.wait_for(self._queue.get(), seconds)


class Hub:
    """Where everything that happens is announced."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._epoch, self._number = uuid.uuid4().hex[:8], 0
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._listeners: set[Listener] = set()

    def publish(self, kind: str, data: Any) -> None:
        """Tell all pages."""
        with self._lock:
            self._number += 1
            event = Event(f"{self._epoch}-{self._number}", kind, data)
            self._kept.append(event)
            for listener in self._listeners:
                listener.put(event)

    def join(self, listener: Listener, last: str, whole: Callable[[], Any]) -> None:
        """Let a page listen, from behind the event `last` on.

        One that has seen nothing, too little, or the events of another server begins with `whole`.
        """
        with self._lock:
            missed = self._missed(last)
            if missed is None:
                listener.put(Event(f"{self._epoch}-{self._number}", "whole", whole()))
            for event in missed or ():
                listener.put(event)
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

    def _missed(self, last: str) -> list[Event] | None:
        epoch, _, number = last.rpartition("-")
        if epoch != self._epoch or not number.isdecimal() or len(number) > 15:
            return None
        seen = int(number)
        if seen > self._number or seen < self._number - len(self._kept):
            return None
        return [event for event in self._kept if int(event.id.rpartition("-")[2]) > seen]
