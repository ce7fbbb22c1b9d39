"""Kill a worker whose call holds the GIL past the limit.

The timer is faulthandler's C thread, which needs no GIL; it also logs which line of the script ran.
"""

import faulthandler
import time

from ..observe import log

_EVERY_SECONDS = 1.0
_MARGIN_SECONDS = 2.0
"""Seconds beyond a call's limit, so that other timeouts, which can still answer, come first."""


class Watchdog:
    """Kills the process unless the event loop feeds it."""

    def __init__(self, call_limit: float) -> None:
        self._seconds = call_limit + _EVERY_SECONDS + _MARGIN_SECONDS
        self._fed = 0.0

    def feed(self) -> None:
        """Restart the timer."""
        now = time.monotonic()
        if now - self._fed >= _EVERY_SECONDS:
            self._fed = now
            faulthandler.dump_traceback_later(self._seconds, file=log.descriptor(), exit=True)
