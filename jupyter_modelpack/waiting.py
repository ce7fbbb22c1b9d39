"""Wait in the main thread so that Ctrl-C always ends the wait.

CPython can lose the wake-up of a signal that arrives just before the main thread blocks on a lock: the handler then
runs only when the wait ends by itself. Each wait here therefore ends every `_TICK`; what is waited for arrives without
delay.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from typing import Any, TypeVar

T = TypeVar("T")

_TICK = 0.1
"""Seconds after which a wait begins again."""


def until(event: threading.Event) -> None:
    """Return when `event` is set."""
    while not event.wait(_TICK):
        pass


def result_of(future: Future[T]) -> T:
    """Return what `future` made, or raise its error."""
    while not future.done():
        wait_for([future], _TICK)
    return future.result()


def items_of(items: queue.Queue[Any]) -> Iterator[Any]:
    """Yield what is put into `items`, up to the None that ends them.

    It is no `queue.SimpleQueue`: `get(timeout=...)` of that one may wait for ever (CPython up to 3.14).
    """
    while True:
        try:
            item = items.get(timeout=_TICK)
        except queue.Empty:
            continue
        if item is None:
            return
        yield item
