"""services: what is running, and what has ended."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.results import Services
from jupyter_modelpack.events import Reporter

if TYPE_CHECKING:
    from jupyter_modelpack.engine.base import Service

_AT_ONCE = 16
_SECONDS = 1.0
"""How long a service may take to say what troubles it; a listing waits no longer."""


def services(
    _report: Reporter,
    *,
    engine: options.Engine = None,
) -> Services:
    """Return all services of ours that the engine knows.

    One that serves a newer script than that of its image goes by the package it is from.
    """
    chosen = lookup.engine(engine)
    rows = tuple(map(_as_it_runs, chosen.services()))
    return Services(chosen.name, rows, _troubles([row for row in rows if not row.ended]))


def _troubles(running: Sequence[Service]) -> dict[str, str]:
    from jupyter_modelpack.engine.health import readiness

    if not running:
        return {}
    with ThreadPoolExecutor(min(len(running), _AT_ONCE)) as pool:  # one that hangs holds up no other
        said = pool.map(lambda one: readiness(one, _SECONDS).trouble, running)
        return {one.name: trouble for one, trouble in zip(running, said, strict=True) if trouble}


def _as_it_runs(service: Service) -> Service:
    from jupyter_modelpack.engine.reload import running_package

    package = running_package(service)
    repository = service.image.partition("@")[0].rpartition(":")[0]
    return replace(service, image=f"{repository}@{package.replace('-', ':')}") if package else service
