"""A job as the server sees it: what its journal says, folded into what a page shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.events import Progress, Stage
from jupyter_modelpack.frontends.lab.http_errors import error_json
from jupyter_modelpack.frontends.live import sanitize
from jupyter_modelpack.frontends.live.build_state import BuildState
from jupyter_modelpack.frontends.live.line_feed import Feed

ENDS = ("done", "failed", "cancelled")


class Job:
    """One job.

    Args:
        name: Of its journal.
        changed: Told, a few times a second at the most, that there is something new; gets the number of
            the first new line of the log, with the new lines.

    Attributes:
        state: ``running``, ``done``, ``failed``, ``cancelled``, or ``lost``: its process has gone without a word.
        pid: Of its process; 0 until it is known.
        killed: Whether it was killed because it heeded no request to cancel.
        unreadable: Why its journal cannot be read, or None.

    """

    def __init__(self, name: str, changed: Callable[[Job, int, Sequence[str]], None]) -> None:
        self.name, self.state, self.pid, self.killed = name, "running", 0, False
        self.unreadable: ModelpackError | None = None
        self._at = 0.0
        self._build = BuildState(lambda: self._at or time.time())
        self._head: dict[str, Any] = {}
        self._result: Any = None
        self._error: Any = None
        self._feed = Feed(lambda first, lines: changed(self, first, lines))

    def take(self, line: dict[str, Any]) -> None:
        """Take one line of the journal."""
        self._at, data = float(line["at"]), line["data"]
        match line["kind"]:
            case "head":
                self._head = data
                self._build = BuildState(lambda: self._at or time.time())
            case "pid":
                self.pid = int(data)
            case "stage":
                self._build.take(Stage(*data))
                self._feed.line(f"==> {data[1]}")
            case "log":
                self._feed.line(data)
            case "progress":
                self._build.take(Progress(*data))
                self._feed.touch()
            case "done":
                self._result = data
                self._end("done")
            case "failed" | "cancelled" as state:
                self._error = data
                self._end(state)
            case _:
                pass
        self._at = 0.0

    def refuse(self, error: ModelpackError) -> None:
        """Say why the journal is not read; the job may still run."""
        self.unreadable, self._error = error, error_json(error)
        self._feed.touch()

    def leave(self) -> None:
        """Say that there will be no more lines."""
        if self.state == "running":
            self._end("failed" if self.unreadable else "cancelled" if self.killed else "lost")
        self._feed.close()

    def _end(self, state: str) -> None:
        self._build.end("failed" if state == "lost" else state)
        self.state = state  # who reads the journal leaves now, and the last batch says so

    def summary(self) -> dict[str, Any]:
        """Return what a page shows of it, but for the log."""
        rows = self._build.rows()
        package = self._head.get("verb") == "package"
        # The journal is a file, and files are written by others, too.
        shown = {
            "id": self.name,
            "verb": self._head.get("verb", ""),
            "form": self._head.get("form", {}),
            "state": self.state,
            "seconds": self._build.elapsed,
            "stages": [row for row in rows if package or row["state"] != "waiting"],
            "result": self._result,
            "error": self._error,
        }
        return sanitize.data(shown)

    def whole(self) -> dict[str, Any]:
        """Return all of it, with the last lines of the log."""
        first, lines = self._feed.backlog()
        return {**self.summary(), "first": first, "lines": lines}
