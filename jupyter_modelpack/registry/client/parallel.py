"""Transfer several blobs in parallel, with common progress and cancellation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from jupyter_modelpack.events import Reporter

WORKERS = 4
"""Transfers at once; Docker takes three to five."""

LOOK_SECONDS = 0.2
"""Seconds until a cancel is noticed while no transfer makes progress."""


class Tally:
    """Counts the bytes of all transfers; retries do not decrease the count."""

    def __init__(self, report: Reporter, what: str, total: int) -> None:
        self._report, self._what, self._total = report, what, total
        self._done = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """Count bytes; raise `Cancelled` when the user asked to stop."""
        with self._lock:
            self._done = min(self._done + count, self._total)
            self._report.progress(self._what, self._done, self._total)


class TransferShare:
    """One transfer's share of a tally: bytes sent again count once."""

    def __init__(self, tally: Tally, size: int) -> None:
        self._tally, self._size = tally, size
        self._best = self._now = 0

    def restart(self) -> None:
        """Start again from the first byte."""
        self._now = 0

    def add(self, count: int) -> None:
        """Count bytes of this try."""
        self._now += count
        if self._now > self._best:
            self._tally.add(self._now - self._best)
            self._best = self._now

    def finish(self) -> None:
        """Count what need not be transferred because it exists already."""
        self._tally.add(self._size - self._best)
        self._best = self._size


def run_all(jobs: Sequence[Callable[[Reporter], None]], report: Reporter, abort: Callable[[], None]) -> None:
    """Run `jobs`, a few at a time; when one fails or the user cancels, stop the others, then raise.

    Args:
        jobs: Each gets a reporter, which says whether to continue.
        report: The user's.
        abort: Aborts what waits for the network.

    """
    stop = threading.Event()
    inner = Reporter(cancelled=stop)
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="modelpack-transfer") as pool:
        waiting = {pool.submit(job, inner) for job in jobs}
        try:
            while waiting:
                done, waiting = wait(waiting, LOOK_SECONDS, FIRST_EXCEPTION)
                for future in done:
                    future.result()
                report.check()
        except BaseException:
            stop.set()
            for future in waiting:
                future.cancel()
            while waiting:
                # Repeatedly: a job that was just opening a connection could not be aborted yet.
                abort()
                waiting = wait(waiting, LOOK_SECONDS).not_done
            raise
