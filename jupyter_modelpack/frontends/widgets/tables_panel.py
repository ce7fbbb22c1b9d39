"""The panel of tables: images alone, or models, packages, images and services side by side.

The rows stay in the kernel; the page gets few that it shows. So ten thousand images are as quick
as ten.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from traitlets import List, Unicode

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.delete import delete
from jupyter_modelpack.commands.kill import kill
from jupyter_modelpack.commands.remove import remove
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.live import start
from jupyter_modelpack.frontends.live.paging import page
from jupyter_modelpack.frontends.live.tables import SOURCES, Row
from jupyter_modelpack.frontends.render import text as plain
from jupyter_modelpack.frontends.render import views
from jupyter_modelpack.frontends.render.view import Line, Part, Table, View
from jupyter_modelpack.frontends.widgets import esm
from jupyter_modelpack.frontends.widgets.panel import Action, Panel
from jupyter_modelpack.frontends.widgets.service_panel import ServicePanel

PAGE_ROWS = 10
"""Rows of one page."""

TWIN_ROWS = 100
"""Rows that a saved notebook shows of a table."""

KINDS = {"models": "model", "packages": "package", "services": "service"}
"""What the rows of a table are to `delete`; an engine's images are removed."""

FRESH_SECONDS = 2.0
"""How old rows may be; turning pages and sorting ask nobody."""


class TablesPanel(Panel):
    """Tables of what there is.

    Args:
        names: Of the sources, one a tab.
        target: Workspace and engine that were named.
        known: Results that are at hand, by source.

    Attributes:
        tabs: Name, title and columns of each table.

    """

    _esm = Unicode(esm.module("tables")).tag(sync=True)

    tabs: List[dict[str, Any]] = List().tag(sync=True)

    def __init__(
        self, names: Sequence[str], target: Mapping[str, Any] | None = None, known: Mapping[str, Any] | None = None
    ) -> None:
        self._target = dict(target or {})
        self._lock = threading.Lock()
        self._results: dict[str, Any] = {}
        self._rows: dict[str, tuple[float, Sequence[Row]]] = {}
        for name, result in (known or {}).items():
            self._take(name, result)
        tabs = [
            {
                "name": name,
                "title": SOURCES[name].title,
                "columns": list(SOURCES[name].columns),
                "empty": SOURCES[name].empty,
                "marks": SOURCES[name].marks,
            }
            for name in names
        ]
        super().__init__(tabs=tabs)

    def actions(self) -> Mapping[str, Action]:
        """Return what the page may ask for."""
        deeds = {
            "run": self._run,
            "remove": self._remove,
            "delete": self._delete,
            "kill": self._kill,
            "open": self._open,
        }
        return {"page": self._page, **deeds}

    def view(self) -> View:
        """Return the tables as the saved notebook shows them."""
        several = len(self._results) > 1
        return tuple(
            part
            for name, result in self._results.items()
            for part in (*([Line(SOURCES[name].title, "good")] if several else []), *_cut(views.view(result)))
        )

    # --- rows ---

    def _page(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name = str(asked.get("tab"))
        rows = self._fresh(name, force=bool(asked.get("refresh")))
        return page(rows, asked, PAGE_ROWS)

    def _fresh(self, name: str, *, force: bool) -> Sequence[Row]:
        if name not in SOURCES:
            raise UsageError(f"There is no table {name!r}.")
        with self._lock:
            at, rows = self._rows.get(name, (0.0, ()))
        if name in self._rows and not force and time.monotonic() - at < FRESH_SECONDS:
            return rows
        return self._take(name, SOURCES[name].load(self._target))

    def _take(self, name: str, result: Any) -> Sequence[Row]:
        rows = SOURCES[name].rows(result, self._target)
        with self._lock:
            self._results[name], self._rows[name] = result, (time.monotonic(), rows)
        return rows

    # --- actions ---

    def _run(self, asked: Mapping[str, Any]) -> str:
        done = start.start(str(asked.get("name")), self._target)
        self._child(done.service)
        return start.sentence(done)

    def _remove(self, asked: Mapping[str, Any]) -> str:
        name = str(asked.get("name"))
        gone = remove(Reporter(), image=name, engine=self._target.get("engine")).services
        return f"Removed {', with the ended '.join([name, *([', '.join(gone)] if gone else [])])}."

    def _delete(self, asked: Mapping[str, Any]) -> str:
        kind = KINDS[str(asked.get("tab"))]
        done = delete(Reporter(), kind=kind, names=(str(asked.get("name")),), **self._target)
        return plain.text(views.view(done))

    def _kill(self, asked: Mapping[str, Any]) -> str:
        done = kill(Reporter(), service=str(asked.get("name")), engine=self._target.get("engine"))
        return f"{done.service.name} was killed."

    def _open(self, asked: Mapping[str, Any]) -> str:
        service = lookup.engine(self._target.get("engine")).find(str(asked.get("name")))
        self._child(service)
        return f"Showing {service.name}."

    def _child(self, service: Any) -> None:
        self.child = ServicePanel(service).model_id or ""


def _cut(view: View) -> View:
    """Return the view with long tables cut: a saved notebook is no place for ten thousand images."""
    parts: list[Part] = []
    for part in view:
        if isinstance(part, Table) and len(part.rows) > TWIN_ROWS:
            more = Line(f"... and {len(part.rows) - TWIN_ROWS} more", "muted")
            parts += [replace(part, rows=part.rows[:TWIN_ROWS], tones=part.tones[:TWIN_ROWS]), more]
        else:
            parts.append(part)
    return tuple(parts)
