"""The panel of a service: its state, a request to send, its log, Kill."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from traitlets import Dict, Unicode

from jupyter_modelpack.clients.program import TITLES
from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.client import for_service
from jupyter_modelpack.commands.score import score
from jupyter_modelpack.commands.service_status import Condition, condition
from jupyter_modelpack.engine.diagnose import read_log
from jupyter_modelpack.errors import Cancelled, NotFound, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.live import sanitize, service_facts
from jupyter_modelpack.frontends.live.error import error_json
from jupyter_modelpack.frontends.live.line_feed import KEPT, Feed
from jupyter_modelpack.frontends.live.service_facts import LOOK_SECONDS, request_for
from jupyter_modelpack.frontends.live.service_url import place
from jupyter_modelpack.frontends.live.stats import Stats
from jupyter_modelpack.frontends.render.view import Fields, Line, View
from jupyter_modelpack.frontends.widgets import esm
from jupyter_modelpack.frontends.widgets.panel import Action, Panel, said_of

if TYPE_CHECKING:
    from jupyter_modelpack.engine.base import Service


class ServicePanel(Panel):
    """A running or ended service.

    Attributes:
        facts: What the page shows of it.
        sample: The request to begin with.
        languages: Of client programs, each with what it is called.
        focus: Which part the page should bring to view, with a number that changes each time.

    """

    _esm = Unicode(esm.module("service")).tag(sync=True)

    facts = Dict().tag(sync=True)
    sample = Unicode("").tag(sync=True)
    languages = Dict(dict(TITLES)).tag(sync=True)
    focus = Dict().tag(sync=True)

    def __init__(self, service: Service, sample: str = "") -> None:
        self._service = service
        self._engine = lookup.engine(service.engine)
        self._stats, self._watching = Stats(), threading.Lock()
        self._reading: Reporter | None = None
        self._readings, self._killed = 0, False
        self._condition = self._asked(service)
        super().__init__(facts=self._facts(), sample=sample or request_for(service))

    def actions(self) -> Mapping[str, Action]:
        """Return what the page may ask for."""
        return {
            "score": self._score,
            "client": self._client,
            "kill": lambda _asked: self.kill(),
            "logs": self._logs,
        }

    def view(self) -> View:
        """Return the service as the saved notebook shows it."""
        one = self._service
        state = "ended" if one.ended else "answers"
        rows = (("image", one.image), ("engine", one.engine), ("score", one.scoring_uri))
        head = (Line(f"{one.name} {state}", "muted" if one.ended else "good"), Fields(rows))
        if self._condition.trouble:
            return (*head, Line(self._condition.trouble, "warn"))
        return (*head, *said_of(self._condition.death)) if self._condition.death and not self._killed else head

    def bring(self, part: str) -> None:
        """Bring a part to view: ``score`` or ``logs``."""
        self.focus = {"what": part, "number": self.focus.get("number", 0) + 1}

    # --- how it fares ---

    def watched(self) -> None:
        """Watch the service as long as a page shows it."""
        if self._watching.acquire(blocking=False):
            threading.Thread(target=self._watch, name="modelpack-watch", daemon=True).start()

    def _watch(self) -> None:
        try:
            while self.shown and not self._service.ended:
                self._look(self._engine.wait(self._service, LOOK_SECONDS))
        finally:
            self._watching.release()

    def _look(self, service: Service) -> None:
        self._service = service
        self._condition = self._asked(service)
        self.facts = self._facts()

    def _asked(self, service: Service) -> Condition:
        found = condition(self._engine, service)
        self._stats.add(found.traffic)
        return found

    def kill(self) -> str:
        """End the service."""
        self._killed = True
        self._look(self._engine.kill(self._service))
        return f"{self._service.name} was killed."

    def _facts(self) -> dict[str, Any]:
        # Why it ended is no riddle when it was this panel that ended it.
        death = None if self._killed else self._condition.death
        return sanitize.data(facts(replace(self._condition, death=death), self._stats))

    # --- scoring ---

    def _score(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        body = str(asked.get("body", ""))
        try:
            scored = score(Reporter(), data=body, service=self._service.id, engine=self._service.engine)
        finally:
            self._look(self._service)
        value = scored.value
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        return {"status": scored.status, "milliseconds": scored.milliseconds, "text": text}

    def _client(self, asked: Mapping[str, Any]) -> str:
        language = str(asked.get("language"))
        if language not in TITLES:
            raise UsageError(f"{language[:20]!r} is no language of client programs.")
        return for_service(self._service, language, str(asked.get("body", ""))).text

    # --- the log ---

    def _logs(self, asked: Mapping[str, Any]) -> None:
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
        if asked.get("open"):
            self._reading = Reporter()
            threading.Thread(target=self._read, args=(self._reading,), name="modelpack-log", daemon=True).start()

    def _read(self, report: Reporter) -> None:
        self._readings += 1
        number = self._readings

        def hand_on(first: int, lines: Sequence[str]) -> None:
            if lines:
                kept, backlog = feed.backlog()
                self.backlog = {"feed": number, "first": kept, "lines": backlog}
                self.send({"log": lines, "first": first, "feed": number})

        feed = Feed(hand_on)
        try:
            for line in read_log(self._engine, self._service, tail=KEPT, follow=True, report=report):
                feed.line(line)
        except (Cancelled, NotFound):
            pass  # closed again, or there is no log any more
        finally:
            feed.close()


def facts(found: Condition, stats: Stats) -> dict[str, Any]:
    """Return what the page shows of a service."""
    death = found.death
    return {
        **service_facts.facts(found),
        "death": error_json(death) if death else None,
        "cause": death.cause if death else "",
        "stats": stats.summary(),
        "place": place(),
    }
