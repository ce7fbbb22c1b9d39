"""A job as a process of its own: it goes on when the Jupyter server ends, and writes down what it does.

`python -m jupyter_modelpack.frontends.lab.job_worker`, with the request as JSON on standard input and the
journal as standard output. An interrupt asks it to cancel.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

from jupyter_modelpack.commands import perform
from jupyter_modelpack.commands.grammar.from_json import fill
from jupyter_modelpack.errors import Cancelled
from jupyter_modelpack.events import Event, Log, Progress, Reporter, Stage
from jupyter_modelpack.frontends.lab import journal
from jupyter_modelpack.frontends.lab.http_errors import error_json
from jupyter_modelpack.frontends.live import sanitize
from jupyter_modelpack.frontends.render.json import document
from jupyter_modelpack.redact import scrub

INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
"""What asks a job to cancel."""

_PROGRESS_SECONDS = 0.12
"""Least time between two lines of progress."""


def main() -> int:
    """Do one job; return 0 when it did what it should."""
    # What the API prints must not get between the lines, and no child of ours may hold the journal open.
    file = os.fdopen(os.dup(1), "ab", buffering=0)
    os.dup2(2, 1)
    report = Reporter(_Writer(file).take)
    for number in INTERRUPTS:
        signal.signal(number, lambda _number, _frame: report.cancel())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)  # who started this had them wait
    asked = json.loads(sys.stdin.buffer.read())
    try:
        result = perform(fill(asked["verb"], asked["form"], "lab"), report)
    except BaseException as error:  # noqa: BLE001 - the journal is who hears of it
        journal.write(file, "cancelled" if isinstance(error, Cancelled) else "failed", error_json(error))
        return 1
    journal.write(file, "done", sanitize.data(document(result)))
    return 0


class _Writer:
    """Writes events down."""

    def __init__(self, file: Any) -> None:
        self._file, self._next = file, 0.0

    def take(self, event: Event) -> None:
        match event:
            case Stage(name, title):
                self._next = 0.0
                journal.write(self._file, "stage", [name, sanitize.line(title)])
            case Log(text):
                journal.write(self._file, "log", sanitize.line(scrub(text)))
            case Progress(what, done, total):
                now = time.monotonic()
                if now >= self._next or done == total:
                    self._next = now + _PROGRESS_SECONDS
                    journal.write(self._file, "progress", [sanitize.line(what), done, total])
            case _:
                pass


if __name__ == "__main__":
    sys.exit(main())
