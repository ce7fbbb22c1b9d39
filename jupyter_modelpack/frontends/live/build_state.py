"""From the events of a build to what the panel shows of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.events import Event, Progress, Stage

STAGES = {
    "environment": "Environment",
    "dependencies": "Dependencies",
    "model": "Model",
    "app": "App",
    "image": "Image",
}
"""The stages every build goes through, in order; others show up when they begin."""

_EARLIEST = 0.5
"""Seconds after which a rate says something about the time that is left."""


@dataclass
class StageRow:
    """One stage."""

    name: str
    title: str
    state: str = "waiting"
    began: float = 0.0
    seconds: float = 0.0
    done: int = 0
    total: int = 0
    measured: float | None = None
    first: int = 0

    def progress(self, done: int, total: int, now: float) -> None:
        """Take bytes; they are counted from 0 when another part of the stage begins."""
        if self.measured is None or done < self.done or total != self.total:
            self.measured, self.first = now, done
        self.done, self.total = done, total

    def remaining(self, now: float) -> float | None:
        """Return the seconds that are left at the rate so far, or None."""
        spent = now - self.measured if self.measured is not None else 0.0
        if not self.total or spent < _EARLIEST or self.done <= self.first:
            return None
        return max(0.0, (self.total - self.done) * spent / (self.done - self.first))


class BuildState:
    """The stages of a build, each with its bytes and its time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._began = clock, clock()
        self._ended: float | None = None
        self._rows = [StageRow(name, title) for name, title in STAGES.items()]
        self._now: StageRow | None = None

    def take(self, event: Event) -> None:
        """Take one event."""
        now = self._clock()
        match event:
            case Stage(name, title):
                self._begin(name, title, now)
            case Progress(what, done, total):
                if self._now is None:
                    self._begin("prepare", what, now)
                if self._now is not None:
                    self._now.progress(done, total, now)
            case _:
                pass

    def end(self, state: str) -> None:
        """Say how the build ended: ``done``, ``failed`` or ``cancelled``."""
        self._ended = self._clock()
        self._leave(self._ended, state)
        if state == "done":
            self._rows = [row for row in self._rows if row.state != "waiting"]

    @property
    def elapsed(self) -> float:
        """Seconds so far."""
        return (self._ended if self._ended is not None else self._clock()) - self._began

    def rows(self) -> list[dict[str, Any]]:
        """Return the stages for the page."""
        now = self._clock()
        return [
            {
                "name": row.name,
                "title": row.title,
                "state": row.state,
                "seconds": row.seconds if row.state != "running" else now - row.began,
                "done": row.done,
                "total": row.total,
                "remaining": row.remaining(now) if row.state == "running" else None,
            }
            for row in self._rows
        ]

    def _begin(self, name: str, title: str, now: float) -> None:
        before = self._now
        self._leave(now, "done")
        at = next((number for number, row in enumerate(self._rows) if row.name == name), None)
        if at is None:
            at = self._rows.index(before) + 1 if before else 0
            self._rows.insert(at, StageRow(name, title))
        row = self._rows[at]
        row.title, row.state, row.began = title, "running", now
        self._now = row

    def _leave(self, now: float, state: str) -> None:
        if self._now is not None:
            self._now.state, self._now.seconds = state, now - self._now.began
            if state == "done":
                self._now.done = self._now.total
