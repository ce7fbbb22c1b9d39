"""Waiting until a service is ready."""

from __future__ import annotations

import http.client
import time

from jupyter_modelpack.engine.base import Engine, Service
from jupyter_modelpack.engine.diagnose import diagnose, last_lines
from jupyter_modelpack.engine.ports import LOOPBACK
from jupyter_modelpack.errors import Unavailable
from jupyter_modelpack.events import Reporter

READY_SECONDS = 120.0
"""Seconds in which a service must be ready: large models take a minute to load."""

_PROBE_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5


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
    status = _status(service.port, "/ready")
    if status == 404:
        status = _status(service.port, "/")
    return status is not None and 200 <= status < 300


def _status(port: int, path: str) -> int | None:
    # http.client knows no proxies, which must not stand between us and loopback.
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_PROBE_SECONDS)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
