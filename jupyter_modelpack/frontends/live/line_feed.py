"""Lines and changes handed on in batches, a few times a second.

A page that gets a message a line freezes at a thousand lines a second; one that gets eight batches
does not notice.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from jupyter_modelpack.frontends.live import sanitize

KEPT = 400
"""Lines that a view coming later gets to see; the whole log is a click away."""

BATCH_SECONDS = 0.12
"""Least time between two batches: eight a second."""

Send = Callable[[int, Sequence[str]], None]


class Feed:
    """Takes lines from any thread; a thread of its own hands them on.

    Args:
        send: Gets the number of the first new line, counted from 0, with the new lines. Called without
            lines when something else has changed.

    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._changed = threading.Condition()
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._count = self._sent = 0
        self._dirty = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="modelpack-feed", daemon=True)
        self._thread.start()

    def line(self, text: str) -> None:
        """Add a line."""
        shown = sanitize.line(text)
        with self._changed:
            self._lines.append(shown)
            self._count += 1
            self._changed.notify()

    def touch(self) -> None:
        """Say that something else is to be shown."""
        with self._changed:
            self._dirty = True
            self._changed.notify()

    def backlog(self) -> tuple[int, list[str]]:
        """Return the last lines, with the number of the first of them."""
        with self._changed:
            return self._count - len(self._lines), list(self._lines)

    def close(self) -> None:
        """Hand on what is left; return when that is done."""
        self._closed.set()
        with self._changed:
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._dirty or self._sent < self._count or self._closed.is_set()):
                    self._changed.wait()
                self._dirty = False
                first = max(self._sent, self._count - len(self._lines))
                fresh = list(self._lines)[first - self._count :] if first < self._count else []
                self._sent = self._count
                last = self._closed.is_set()
            self._send(first, fresh)
            if last:
                return
            self._closed.wait(BATCH_SECONDS)
