"""A bounded queue from one thread to another, which either end may close.

A blocking stream of an engine is read in a thread of its own, so that the thread that waits for it can be
cancelled; an archive is written in the caller's thread while another sends it. Memory is bounded by
`most` items.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Self, TypeVar

from jupyter_modelpack.errors import Unavailable

T = TypeVar("T")

_TICK = 0.2
"""Seconds between two calls of `check`; items themselves arrive without delay."""


def _always() -> None:
    return None


class ReceiverGone(Exception):
    """The receiver has closed the channel."""


class Channel(Generic[T]):
    """A bounded queue of at most `most` items between one sender and one receiver."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._ended = self._closed = False
        self._error: BaseException | None = None

    # --- the sender's end: ``with channel: channel.put(...)`` ---

    def put(self, item: T, check: Callable[[], None] = _always) -> None:
        """Append `item`, waiting while the queue is full.

        Args:
            item: What the receiver gets.
            check: Called every 0.2 seconds while the queue is full; raises to stop waiting.

        Raises:
            ReceiverGone: The receiver has closed the channel.
        """
        with self._changed:
            while len(self._items) >= self._most and not self._closed:
                self._changed.wait(_TICK)
                check()
            if self._closed:
                raise ReceiverGone
            self._items.append(item)
            self._changed.notify_all()

    def feed(self, items: Callable[[], Iterable[T]]) -> None:
        """Put all of `items`, then end; an error is raised at the receiver. For use as the body of a thread."""
        try:
            with self:
                for item in items():
                    self.put(item)
        except BaseException:  # noqa: BLE001 - `__exit__` has kept it; the receiver raises it
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    # --- the receiver's end ---

    def receive(self, check: Callable[[], None] = _always, silence: float | None = None) -> Iterator[T]:
        """Yield the items, then raise the sender's error if there was one.

        Args:
            check: Called every 0.2 seconds while nothing arrives; raises to stop.
            silence: Seconds without an item after which to give up with `Unavailable`.
        """
        try:
            while (items := self._take(check, silence)) is not None:
                yield from items
            if self._error is not None:
                raise self._error
        finally:
            self.close()

    def close(self) -> None:
        """Accept no more items; the sender's next `put` raises `ReceiverGone`."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _take(self, check: Callable[[], None], silence: float | None) -> list[T] | None:
        heard = time.monotonic()
        with self._changed:
            while not self._items and not self._ended:
                self._changed.wait(_TICK)
                check()
                if silence is not None and time.monotonic() - heard > silence:
                    raise Unavailable(f"The engine has said nothing for {silence:.0f} s.", retry=True)
            if not self._items:
                return None
            items = list(self._items)
            self._items.clear()
            self._changed.notify_all()
            return items
