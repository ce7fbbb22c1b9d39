"""Fault points: tests may kill the process, or fail a call, between two steps on disk.

``MODELPACK_FAULT=kill@17`` ends this process by SIGKILL before its 17th step; ``EIO@17`` (any name of
`errno`) makes that step fail so. A step is a call that changes the store: create, write, fsync, rename,
link, share, unlink. Without the variable a point costs one look into the environment.
"""

from __future__ import annotations

import errno
import itertools
import os
import signal

VARIABLE = "MODELPACK_FAULT"

_numbers = itertools.count(1)


def point(step: str) -> None:
    """Mark a step on disk; `step` names it in the error."""
    wanted = os.environ.get(VARIABLE)
    if wanted:
        _reach(wanted, step)


def reached() -> int:
    """Return how many steps were taken while the variable was set; for tests that go through all of them."""
    number = next(_numbers)
    return number - 1


def _reach(wanted: str, step: str) -> None:
    kind, _, number = wanted.partition("@")
    if next(_numbers) != int(number):
        return
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise OSError(getattr(errno, kind), f"{os.strerror(getattr(errno, kind))} (asked for by {VARIABLE})", step)
