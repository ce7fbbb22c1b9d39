"""A build in a thread of its own, watched from others.

What it reports is kept, so that a watcher that comes late sees all of it; waiting is by condition variable,
so that a line is shown the moment it is there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import Generic, TypeVar

from jupyter_modelpack.errors import Cancelled, ModelpackError
from jupyter_modelpack.events import Event, Log, Progress, Reporter, Stage
from jupyter_modelpack.redact import scrub
from jupyter_modelpack.waiting import result_of

T = TypeVar("T")

_TICK = 0.2
"""Seconds between two questions whether the watcher was cancelled; events arrive without delay."""


class BuildJob(Generic[T]):
    """Runs `work` at once, in a thread of its own.

    Args:
        work: Takes a reporter, returns what it made.
        keep_log: Gets the lines of the log before the work is reported to have ended.

    """

    def __init__(self, work: Callable[[Reporter], T], keep_log: Callable[[list[str]], None]) -> None:
        self._work, self._keep_log = work, keep_log
        self._changed = threading.Condition()
        self._events: list[tuple[Event, str | None]] = []
        self._stages = 0
        self._report = Reporter(self._take)
        # An executor's thread, not a daemon's: a script that ends does not end its build.
        executor = ThreadPoolExecutor(1, "modelpack-build")
        self._future: Future[T] = executor.submit(self._run)
        self._future.add_done_callback(self._wake)
        executor.shutdown(wait=False)

    @property
    def state(self) -> str:
        """``Running``, ``Succeeded``, ``Failed`` or ``Cancelled``."""
        if not self._future.done():
            return "Running"
        error = self._future.exception()
        if error is None:
            return "Succeeded"
        return "Cancelled" if isinstance(error, Cancelled) else "Failed"

    @property
    def error(self) -> BaseException | None:
        """Why it failed, or None."""
        return self._future.exception() if self._future.done() else None

    @property
    def result(self) -> T:
        """What it made; waits for it, raises its error."""
        return result_of(self._future)

    @property
    def lines(self) -> list[str]:
        """The log so far."""
        with self._changed:
            return [line for _, line in self._events if line is not None]

    def cancel(self, seconds: float) -> None:
        """Ask the build to stop; wait for that at most `seconds`."""
        self._report.cancel()
        wait_for([self._future], seconds)

    def follow(self, check: Callable[[], None]) -> Iterator[tuple[Event, str | None]]:
        """Yield each event with its line in the log, from the first to the last, as they come.

        Args:
            check: Asked every moment while nothing comes; raises to stop watching.

        """
        seen = 0
        while True:
            with self._changed:
                while seen == len(self._events) and not self._future.done():
                    self._changed.wait(_TICK)
                    check()
                events = self._events[seen:]
            if not events:
                return
            seen += len(events)
            yield from events

    def _run(self) -> T:
        try:
            made = self._work(self._report)
        except ModelpackError as error:
            self._keep_log([*self.lines, *str(error).splitlines()])
            raise
        self._keep_log(self.lines)
        return made

    def _take(self, event: Event) -> None:
        with self._changed:
            self._events.append((event, self._line(event)))
            self._changed.notify_all()

    def _line(self, event: Event) -> str | None:
        """Write an event as the log has it, in the manner of ``docker build``."""
        if isinstance(event, Stage):
            self._stages += 1
            return f"Step {self._stages} : {event.title}"
        return scrub(event.text) if isinstance(event, Log) else None

    def _wake(self, _future: Future[T]) -> None:
        with self._changed:
            self._changed.notify_all()


def pass_on(event: Event, report: Reporter) -> None:
    """Tell another reporter what happened."""
    match event:
        case Stage(name, title):
            report.stage(name, title)
        case Log(text):
            report.log(text)
        case Progress(what, done, total):
            report.progress(what, done, total)
        case _:
            pass
