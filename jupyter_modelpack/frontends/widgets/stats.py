"""How fast a service answers, as measured by the requests of this panel."""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

WINDOW_SECONDS = 60.0
_KEPT = 1_000


class Stats:
    """The last requests; safe from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._calls: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._count = self._failures = 0

    def add(self, milliseconds: float) -> None:
        """Take note of an answer."""
        with self._lock:
            self._calls.append((self._clock(), milliseconds))
            self._count += 1

    def fail(self) -> None:
        """Take note of a request that got an error; how long that took says nothing of the model."""
        with self._lock:
            self._count += 1
            self._failures += 1

    def summary(self) -> dict[str, Any]:
        """Return count, failures, requests a second of the last minute, median and slowest milliseconds."""
        with self._lock:
            now = self._clock()
            recent = [took for at, took in self._calls if now - at <= WINDOW_SECONDS]
            first = next((at for at, _ in self._calls if now - at <= WINDOW_SECONDS), now)
            return {
                "count": self._count,
                "failures": self._failures,
                "rate": len(recent) / max(1.0, now - first) if recent else 0.0,
                "median": statistics.median(recent) if recent else None,
                "slowest": max(recent) if recent else None,
            }
