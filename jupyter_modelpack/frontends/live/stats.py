"""How fast a service answers: requests a second and latency of the last minute, from counters that only grow."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from jupyter_modelpack.engine.service_metrics import Traffic

WINDOW_SECONDS = 60.0

LEAST_SECONDS = 1.5
"""Shortest time that says something about requests a second: a first click is no traffic."""

_MOST = 0.95
"""The part of the requests that "most" means."""


class Stats:
    """What the counters said in the last minute; safe from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._seen: deque[tuple[float, Traffic]] = deque()

    def add(self, found: Traffic | None) -> None:
        """Take what the service said; nothing where it did not answer."""
        if found is None:
            return
        with self._lock:
            now = self._clock()
            if self._seen and found.requests < self._seen[-1][1].requests:
                self._seen.clear()  # it was started again
            self._seen.append((now, found))
            # One from before the window stays, so that the window is covered whole.
            while len(self._seen) > 2 and now - self._seen[1][0] >= WINDOW_SECONDS:
                self._seen.popleft()

    def summary(self) -> dict[str, Any]:
        """Return all requests and failures; of the last minute requests a second, mean and most milliseconds."""
        with self._lock:
            if not self._seen:
                return {}
            (began, first), (ended, last) = self._seen[0], self._seen[-1]
        count, span = last.requests - first.requests, ended - began
        return {
            "requests": last.requests,
            "failures": last.failures,
            "rate": count / span if span >= LEAST_SECONDS else None,
            "mean": (last.seconds - first.seconds) / count * 1000 if count else None,
            "most": _bound(first, last) if count else None,
        }


def _bound(first: Traffic, last: Traffic) -> float | None:
    """Return the milliseconds within which most requests between two looks were answered, as far as is known."""
    count = last.requests - first.requests
    for bound in sorted(last.within):
        if last.within[bound] - first.within.get(bound, 0) >= _MOST * count:
            return bound * 1000 if math.isfinite(bound) else None
    return None
