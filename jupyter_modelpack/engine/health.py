"""Whether a service is ready."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass

from jupyter_modelpack.engine.base import Engine, Service
from jupyter_modelpack.engine.diagnose import diagnose, last_lines
from jupyter_modelpack.engine.ports import LOOPBACK
from jupyter_modelpack.errors import Unavailable
from jupyter_modelpack.events import Reporter

READY_SECONDS = 120.0
"""Seconds in which a service must be ready: large models take a minute to load."""

_PROBE_SECONDS = 5.0
_ANSWER_BYTES = 64 << 10
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5


@dataclass(frozen=True, slots=True)
class Readiness:
    """Answer of a service to a readiness probe.

    Attributes:
        ready: Whether it answers calls.
        trouble: One line that says what keeps it from serving as configured, such as a worker that cannot start; empty
            for none.
    """

    ready: bool
    trouble: str = ""


def wait_until_ready(engine: Engine, service: Service, report: Reporter, seconds: float = READY_SECONDS) -> Service:
    """Return the service once it answers that it is ready.

    We ask over HTTP ourselves: an engine looks every ten seconds only, Podman's timers need systemd, and the
    process engine has none. Between two questions we wait for the service's death, so that it is noticed at once.

    Raises:
        ServiceDied: it ended; says why, as far as its log tells.
        Unavailable: it is not ready after `seconds`; it goes on running.

    """
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while not is_ready(service):
        report.check()
        service = engine.wait(service, pause)  # one that has just been made has no port yet
        if service.ended:
            raise diagnose(engine, service)
        if time.monotonic() > deadline:
            lines = "".join(f"\n  | {line}" for line in last_lines(engine, service, 5))
            raise Unavailable(
                f"{service.name} is not ready after {seconds:.0f} s; its log ends:{lines}",
                hint=f"It goes on starting. See its log: logs {service.name}; end it: kill {service.name}.",
                code="not-ready",
                retry=True,
            )
        pause = min(2 * pause, _LONGEST_PAUSE)
    return engine.find(service.id)


def is_ready(service: Service) -> bool:
    """Ask ``GET /ready`` once; a server that does not know it (404) is asked for ``GET /``."""
    return readiness(service).ready


def readiness(service: Service, seconds: float = _PROBE_SECONDS) -> Readiness:
    """Ask as `is_ready` does, and for what troubles the service; one that does not answer in `seconds` is not ready."""
    status, said = _answer(service.port, "/ready", seconds)
    if status == 404:
        status, said = _answer(service.port, "/", seconds)[0], b""
    return Readiness(200 <= status < 300, _trouble(said))


def _trouble(said: bytes) -> str:
    try:
        first, *others = json.loads(said)["troubles"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""  # none, or another server
    return f"{first} (and {len(others)} more)" if others else str(first)


def _answer(port: int, path: str, seconds: float) -> tuple[int, bytes]:
    """Return status and body; status 0 for no answer."""
    # http.client knows no proxies, which must not stand between us and loopback.
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read(_ANSWER_BYTES)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()
