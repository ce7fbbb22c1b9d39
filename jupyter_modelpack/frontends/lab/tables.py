"""The tables of the panel; their rows stay here, the page gets the few that it shows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.errors import ModelpackError, NotFound
from jupyter_modelpack.frontends.lab.target import Target
from jupyter_modelpack.frontends.live import sanitize
from jupyter_modelpack.frontends.live.paging import page
from jupyter_modelpack.frontends.live.tables import SOURCES, Row

ROWS = 50
"""Rows of one page."""

FRESH_SECONDS = 30.0
"""How old rows may be that nobody has heard a change of; turning pages and sorting ask nobody."""

MORE = {"models": ("package",), "packages": ("prove", "save", "push"), "images": ("save", "push")}
"""What the panel has forms for, where a notebook has cells."""


class Tables:
    """The rows of all tables, as of when they were last asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[tuple[str, Target], tuple[float, Sequence[Row]]] = {}
        self._asking: dict[tuple[str, Target], threading.Lock] = {}
        self._changes = 0

    def page(self, name: str, target: Target, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return a page of one table with its headings."""
        if name not in SOURCES:
            raise NotFound(f"There is no table {name[:40]!r}.", hint=f"There are: {', '.join(SOURCES)}.")
        source = SOURCES[name]
        return sanitize.data(
            {
                **page(self.rows(name, target), asked, ROWS),
                "columns": list(source.columns),
                "marks": source.marks,
            }
        )

    def rows(self, name: str, target: Target) -> Sequence[Row]:
        """Return all rows of a table."""
        key = (name, target)
        with self._lock:
            asking = self._asking.setdefault(key, threading.Lock())
        with asking:  # a second call waits for the first one's answer: two would take twice as long
            with self._lock:
                (at, known), before = self._rows.get(key, (-FRESH_SECONDS, ())), self._changes
            if time.monotonic() - at < FRESH_SECONDS:
                return known
            began = time.monotonic()
            rows = [_with_forms(name, row) for row in _rows(name, target)]
            with self._lock:
                if self._changes == before:  # else it is old already, and the next call loads it again
                    self._rows[key] = (began, rows)
            return rows

    def warm(self, target: Target) -> None:
        """Ask for all rows before anybody wants to see them: a thousand packages take a moment."""
        for name in SOURCES:
            with suppress(ModelpackError):  # who wants to see them is told
                self.rows(name, target)

    def forget(self, names: Iterable[str]) -> None:
        """Load these tables again when they are next wanted."""
        with self._lock:
            self._changes += 1
            for key in [key for key in self._rows if key[0] in names]:
                del self._rows[key]


def _rows(name: str, target: Target) -> Sequence[Row]:
    if target.absent and (name in {"models", "packages"} or (name == "images" and _from_workspace(target))):
        return ()
    source = SOURCES[name]
    return source.rows(source.load(target.values()), {**target.values(), "absent": target.absent})


def _from_workspace(target: Target) -> bool:
    return lookup.engine(target.engine).images is None


def _with_forms(name: str, row: Row) -> Row:
    """Offer forms for what lies in the workspace, before Copy."""
    ours = name == "models" or "run" in row.actions
    return replace(row, actions=(*row.actions[:-1], *MORE.get(name, ()), *row.actions[-1:])) if ours else row
