"""Ends a worker in which nothing of ours runs any more: a call holds the interpreter lock, and does not give it back.

The waiting is done by faulthandler, in C, on a thread that needs no lock; it also says which line of the script ran.
"""

import faulthandler
import time

from ..observe import log

_EVERY_SECONDS = 1.0
_MARGIN_SECONDS = 2.0
"""Beyond the time of a call: whatever else ends it, and can still answer, comes first."""


class Watchdog:
    """Fed by the event loop as often as it turns; hungry, it ends the process."""

    def __init__(self, call_limit: float) -> None:
        self._seconds = call_limit + _EVERY_SECONDS + _MARGIN_SECONDS
        self._fed = 0.0

    def feed(self) -> None:
        """Say that the process lives."""
        now = time.monotonic()
        if now - self._fed >= _EVERY_SECONDS:
            self._fed = now
            faulthandler.dump_traceback_later(self._seconds, file=log.descriptor(), exit=True)
