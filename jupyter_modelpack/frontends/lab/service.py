"""One service, seen from a page: how it fares, and what it writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from jupyter_modelpack.clients.program import TITLES
from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.service_status import Condition, condition
from jupyter_modelpack.engine.base import Engine, Service, check_name
from jupyter_modelpack.engine.diagnose import read_log
from jupyter_modelpack.errors import Cancelled, ModelpackError, NotFound
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.lab.http_errors import error_json
from jupyter_modelpack.frontends.lab.target import Target
from jupyter_modelpack.frontends.live import sanitize, service_facts
from jupyter_modelpack.frontends.live.line_feed import KEPT, Feed
from jupyter_modelpack.frontends.live.service_facts import LOOK_SECONDS, request_for


def facts(found: Condition) -> dict[str, Any]:
    """Return what the page shows of a service."""
    death = error_json(found.death) if found.death else None
    return sanitize.data({**service_facts.facts(found), "ended": found.service.ended, "death": death})


def find(name: str, engine: Engine) -> Service:
    """Return a service that `run` started; a browser reaches nothing else that listens on this machine."""
    service = engine.find(check_name(name))
    if not service.mine:
        raise NotFound(
            f"{service.name} was not started by modelpack.", hint="See what was with: services.", code="no-service"
        )
    return service


def check_started_here(name: str, engine: str | None) -> None:
    """Raise `NotFound` unless `run` started the service of that name."""
    find(name, lookup.engine(engine))


def look(name: str, target: Target) -> dict[str, Any]:
    """Return a service's facts with a request for it."""
    engine = lookup.engine(target.engine)
    service = find(name, engine)
    more = {"sample": sanitize.data(request_for(service)), "languages": TITLES}
    return {**facts(condition(engine, service)), **more}


class Following:
    """Watches one service and reads its log until it is closed.

    Args:
        name: Of the service.
        target: The engine that runs it.
        tell: Told ``service`` with facts, and ``lines`` with the number of the first and the lines.

    """

    def __init__(self, name: str, target: Target, tell: Callable[[str, Any], None]) -> None:
        self._name, self._target, self._tell = name, target, tell
        self._report = Reporter()
        for work in (self._watch, self._read):
            threading.Thread(target=self._guarded, args=(work,), name="modelpack-follow", daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._report.cancel()

    def _guarded(self, work: Callable[[Engine, Service], None]) -> None:
        try:
            engine = lookup.engine(self._target.engine)
            work(engine, find(self._name, engine))
        except (Cancelled, NotFound):
            pass  # nobody looks any more, or there is nothing to be seen any more
        except ModelpackError as error:
            self._tell("trouble", {"name": self._name, **error_json(error)})

    def _watch(self, engine: Engine, service: Service) -> None:
        while not self._report.cancelled:
            self._tell("service", facts(condition(engine, service)))
            if service.ended:
                return
            service = engine.wait(service, LOOK_SECONDS)

    def _read(self, engine: Engine, service: Service) -> None:
        def hand_on(first: int, lines: Sequence[str]) -> None:
            if lines and not self._report.cancelled:
                self._tell("lines", {"name": self._name, "first": first, "lines": list(lines)})

        feed = Feed(hand_on)
        try:
            for line in read_log(engine, service, tail=KEPT, follow=True, report=self._report):
                feed.line(line)
        finally:
            feed.close()
