"""How a service fares."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_modelpack.engine.base import Engine, Service
from jupyter_modelpack.engine.diagnose import ServiceDied, diagnose
from jupyter_modelpack.engine.health import readiness
from jupyter_modelpack.engine.service_metrics import Traffic, traffic


@dataclass(frozen=True, slots=True)
class Condition:
    """A service as it was found.

    Attributes:
        service: Its last state.
        ready: Whether it answers that it is ready.
        trouble: What keeps it from serving as it was told to, in a line; empty for nothing.
        death: Why it ended, if it did.
        traffic: What it has scored, as far as it says.
    """

    service: Service
    ready: bool
    trouble: str = ""
    death: ServiceDied | None = None
    traffic: Traffic | None = None


def condition(chosen: Engine, service: Service) -> Condition:
    """Look at a service once."""
    if service.ended:
        return Condition(service, ready=False, death=diagnose(chosen, service))
    now = readiness(service)
    return Condition(service, ready=now.ready, trouble=now.trouble, traffic=traffic(service))
