"""What long work reports while it runs.

Nothing below the front ends prints: work takes a `Reporter`, says what it does, and asks it
between steps whether to go on. A front end is a function from event to screen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_modelpack.errors import Cancelled


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage begins: ``base``, ``environment``, ``dependencies``, ``model``, ``app`` or ``image``."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Log:
    """One line of output, without its newline."""

    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes done of a total; `total` is 0 while it is not known."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Done:
    """The work has ended; `error` is the message when it failed."""

    error: str | None = None


Event = Stage | Log | Progress | Done
Sink = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Take an event and show nothing."""


class Reporter:
    """Carries events from the work to its watcher, and a request to cancel back to the work.

    Events arrive in the working thread, one at a time from that thread; a sink that draws must
    hand them on to its own.
    """

    def __init__(self, sink: Sink = ignore, cancelled: threading.Event | None = None) -> None:
        self._sink = sink
        self._cancelled = cancelled or threading.Event()

    def stage(self, name: str, title: str) -> None:
        """Say that a stage begins."""
        self.check()
        self._sink(Stage(name, title))

    def log(self, text: str) -> None:
        """Report output, split into lines."""
        for line in text.splitlines():
            self._sink(Log(line))

    def progress(self, what: str, done: int, total: int) -> None:
        """Report bytes done of a total (0: not known)."""
        self.check()
        self._sink(Progress(what, done, total))

    def done(self, error: str | None = None) -> None:
        """Say that the work has ended."""
        self._sink(Done(error))

    def cancel(self) -> None:
        """Ask the work to stop at its next step; safe from any thread."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to stop."""
        return self._cancelled.is_set()

    def wait(self, seconds: float) -> None:
        """Let time pass; raise `Cancelled` at once when the work is asked to stop."""
        self._cancelled.wait(seconds)
        self.check()

    def check(self) -> None:
        """Raise `Cancelled` if the work was asked to stop."""
        if self._cancelled.is_set():
            raise Cancelled("Cancelled; nothing half made was left behind.")
