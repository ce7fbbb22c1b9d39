"""services: what is running, and what has ended."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_modelpack.commands import choose
from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.events import Reporter


@dataclass(frozen=True, slots=True)
class Services:
    """The services of an engine, newest first, from whichever workspace."""

    engine: str
    rows: tuple[Service, ...]


def services(_report: Reporter, *, engine: str | None = None) -> Services:
    """Return all services of ours that the engine knows."""
    chosen = choose.engine(engine)
    return Services(chosen.name, tuple(chosen.services()))
