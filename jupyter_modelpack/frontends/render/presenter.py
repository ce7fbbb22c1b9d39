"""How long work is watched: a front end hands a task to a presenter and shows what comes back.

The text presenter writes lines and blocks. A panel that returns at once and goes on in the
background is another presenter; nothing else needs to know.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

from jupyter_modelpack.errors import Cancelled
from jupyter_modelpack.events import Event, Log, Progress, Reporter, Stage
from jupyter_modelpack.frontends.render import humanize
from jupyter_modelpack.frontends.render.view import visible
from jupyter_modelpack.waiting import items_of

CANCEL_SECONDS = 30.0
"""How long a cancelled task may take to put things in order before we stop waiting for it."""

PROGRESS_SECONDS = 2.0
"""Least time between two progress lines, where a line cannot be drawn over."""


@dataclass(frozen=True, slots=True)
class VerbTask:
    """Work to do and what to do with its result.

    Attributes:
        work: Does it; runs in a thread of its own, and stops soon when its reporter is cancelled.
        finish: Makes of the result what the front end shows; runs in the front end's thread.
    """

    work: Callable[[Reporter], Any]
    finish: Callable[[Any], Any]


class Presenter(Protocol):
    """Shows a task while it runs."""

    def present(self, task: VerbTask) -> Any:
        """Start `task`; return what the front end shows, be it the finished result or a live panel."""
        ...


class TextPresenter:
    """Lines as they come; blocks until the task is done.

    The task runs in a thread, so that an interrupt never hits it in the middle of a step: here it
    becomes a request to cancel, and the task ends itself in order.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = False
        self._next_progress = 0.0

    def present(self, task: VerbTask) -> Any:
        """Run `task` to its end, writing its events; return what its `finish` makes of the result."""
        events: queue.Queue[Event | None] = queue.Queue()
        report = Reporter(events.put)
        outcome: list[Any] = []
        errors: list[BaseException] = []
        ended = threading.Event()

        def work() -> None:
            try:
                outcome.append(task.work(report))
            except BaseException as error:  # noqa: BLE001 - carried to the waiting thread and raised there
                errors.append(error)
            finally:
                ended.set()
                events.put(None)

        try:
            threading.Thread(target=work, name="modelpack-job", daemon=True).start()
            self._drain(events)
        except KeyboardInterrupt:
            report.cancel()
            in_order = ended.wait(CANCEL_SECONDS)
            if not outcome:
                # What the task says of its own end is more than we know.
                said = next((error for error in errors if isinstance(error, Cancelled)), None)
                raise said or cancelled(in_order=in_order) from None
        finally:
            self._end_drawing()
        if errors:
            raise errors[0]
        return task.finish(outcome[0])

    def _drain(self, events: queue.Queue[Event | None]) -> None:
        event: Event
        for event in items_of(events):
            self._show(event)

    def _show(self, event: Event) -> None:
        match event:
            case Stage():
                self._line(f"==> {visible(event.title)}")
            case Log():
                self._line(f"    {visible(event.text)}")
            case Progress():
                self._progress(event)
            case _:
                pass

    def _progress(self, event: Progress) -> None:
        now = time.monotonic()
        if now < self._next_progress or not event.done:
            return
        total = f" of {humanize.size(event.total, 3)}" if event.total else ""
        text = f"    {visible(event.what)}: {humanize.size(event.done, 3)}{total}"
        if self._stream.isatty():
            self._next_progress = now + 0.1
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()
            self._drawn = True
        else:
            self._next_progress = now + PROGRESS_SECONDS
            self._line(text)

    def _line(self, text: str) -> None:
        self._end_drawing()
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def _end_drawing(self) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._drawn = False


def cancelled(*, in_order: bool) -> Cancelled:
    """Return what to say of a task that was cancelled."""
    if in_order:
        return Cancelled("Cancelled; nothing half made was left behind.")
    return Cancelled("Cancelled, but a step has not ended yet.", hint="It goes on in the background and then stops.")
