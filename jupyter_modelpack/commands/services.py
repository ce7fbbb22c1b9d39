"""services: what is running, and what has ended."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jupyter_modelpack.commands import choose
from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.engine.reload import running_package
from jupyter_modelpack.events import Reporter


@dataclass(frozen=True, slots=True)
class Services:
    """The services of an engine, newest first, from whichever workspace."""

    engine: str
    rows: tuple[Service, ...]


def services(_report: Reporter, *, engine: str | None = None) -> Services:
    """Return all services of ours that the engine knows.

    One that serves a newer script than that of its image goes by the package it is from.
    """
    chosen = choose.engine(engine)
    return Services(chosen.name, tuple(map(_as_it_runs, chosen.services())))


def _as_it_runs(service: Service) -> Service:
    package = running_package(service)
    repository = service.image.partition("@")[0].rpartition(":")[0]
    return replace(service, image=f"{repository}@{package.replace('-', ':')}") if package else service
