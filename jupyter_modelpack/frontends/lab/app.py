"""What all routes share: the stream, the jobs, the tables."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_modelpack.commands import perform
from jupyter_modelpack.commands.grammar.from_json import fill
from jupyter_modelpack.commands.grammar.parse import VerbCall
from jupyter_modelpack.commands.grammar.verbs import options
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.lab.hub import Hub
from jupyter_modelpack.frontends.lab.jobs import Jobs
from jupyter_modelpack.frontends.lab.service import check_started_here
from jupyter_modelpack.frontends.lab.tables import Tables
from jupyter_modelpack.frontends.lab.target import named
from jupyter_modelpack.frontends.lab.watcher import Watcher
from jupyter_modelpack.frontends.live import sanitize
from jupyter_modelpack.frontends.render.json import document

LOOKS = frozenset(
    {"models", "packages", "images", "services", "panel", "logs", "score", "client", "doctor", "version", "plan"}
)
"""Verbs that change no table, so that none is loaded again after them."""


ALL = ("models", "packages", "images", "services")


class Desk:
    """One Jupyter server's.

    Args:
        root: The file browser's folder.

    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.hub = Hub()
        self.jobs = Jobs(self.hub, root, lambda: self.changed(ALL))
        self.tables = Tables()
        self.watcher = Watcher(self.changed)
        self._opening, self._open = threading.Lock(), False

    def open(self) -> None:
        """Look for what went on before this server; at the first question, so that starting costs nothing."""
        with self._opening:
            if not self._open:
                self._open = True
                self.jobs.find()

    def do(self, verb: str, form: Mapping[str, Any]) -> Any:
        """Do a verb and return its result as JSON."""
        request = _reachable(verb, self.placed(verb, form))
        try:
            return sanitize.data(document(perform(request, Reporter())))
        finally:
            if verb not in LOOKS:
                self.changed(ALL)

    def start(self, verb: str, form: Mapping[str, Any]) -> dict[str, Any]:
        """Do a verb as a job."""
        placed = self.placed(verb, form)
        _reachable(verb, placed)
        return self.jobs.start(verb, placed)

    def changed(self, tables: Sequence[str]) -> None:
        """Tell all pages that tables have changed."""
        self.tables.forget(tables)
        self.hub.publish("changed", {"tables": list(tables)})

    def placed(self, verb: str, form: Mapping[str, Any]) -> dict[str, Any]:
        """Return the form with the workspace that is meant, where the verb takes one."""
        if not any(option.name == "workspace" for option in options(verb, "lab")):
            return dict(form)
        return {**form, "workspace": named(form, self.root).workspace}

    def close(self) -> None:
        """End what this server does; jobs go on."""
        self.jobs.close()
        self.watcher.close()
        self.hub.close()


def _reachable(verb: str, form: Mapping[str, Any]) -> VerbCall:
    """Return what a form asks for; raise `NotFound` when it is of a service that `run` did not start."""
    request = fill(verb, form, "lab")
    if request.values.get("service"):
        check_started_here(request.values["service"], request.values.get("engine"))
    return request
