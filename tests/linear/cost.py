"""The processor's time and the memory that a call takes, at a length and at four times as much."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

QUICK = 0.03
"""Seconds under which nothing is told apart; quadratic work at the lengths used here takes longer."""

STEEP = 8.0
"""Four times the length may take four times as long; sixteen times is quadratic, and between them lies noise."""


def seconds(call: Callable[[Any], Any], given: Any, most: int = 3) -> float:
    """Give the least time of a few calls: a busy machine has others wait, which only ever adds."""
    least = float("inf")
    for _ in range(most):
        start = time.thread_time()
        call(given)
        least = min(least, time.thread_time() - start)
        if least < QUICK:
            break
    return least


def growth(call: Callable[[Any], Any], made: Callable[[int], Any], length: int) -> float:
    """Give how much longer four times the length takes; 1 where that takes no time to speak of."""
    long = seconds(call, made(4 * length), 1)
    if long < QUICK:
        return 1.0
    return min(long, seconds(call, made(4 * length))) / max(seconds(call, made(length)), 1e-6)


def peak(call: Callable[[Any], Any], given: Any) -> int:
    """Give the bytes that a call holds at its height, beside what it is given."""
    tracemalloc.start()
    try:
        call(given)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
