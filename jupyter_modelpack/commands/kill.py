"""kill: end a service at once."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.events import Reporter


@dataclass(frozen=True, slots=True)
class Killed:
    """A service that has ended.

    Attributes:
        service: Its last state.
        before: Whether it had ended before anybody asked.
    """

    service: Service
    before: bool


def kill(
    _report: Reporter, *, service: str | None = None, workspace: str | None = None, engine: str | None = None
) -> Killed:
    """End a service; its log stays readable until another takes its name."""
    chosen = lookup.engine(engine)
    found = lookup.service(chosen, service, workspace)
    return Killed(chosen.kill(found), found.ended)
