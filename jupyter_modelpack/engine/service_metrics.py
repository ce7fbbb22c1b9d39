"""How much a service has scored, as its own counters say: every client's requests, over all workers."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.engine.ports import LOOPBACK

_SECONDS = 2.0
_LONGEST = 1_000_000
_LINE = re.compile(r'modelpack_(?P<name>\w+)(?:\{le="(?P<bound>[^"]+)"\})? (?P<value>[0-9.eE+]+)')


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counters since the service started; a replaced worker does not set them back.

    Attributes:
        requests: How many were scored.
        seconds: How long all of them took together.
        failures: In how many the entry script failed.
        within: How many took at most that many seconds, by bound; the last bound is endless.
    """

    requests: int
    seconds: float
    failures: int
    within: Mapping[float, int] = field(default_factory=dict)


def traffic(service: Service) -> Traffic | None:
    """Ask ``GET /metrics`` once; None where the service keeps no metrics or does not answer."""
    # http.client knows no proxies, which must not stand between us and loopback.
    connection = http.client.HTTPConnection(LOOPBACK, service.port, timeout=_SECONDS)
    try:
        connection.request("GET", "/metrics", headers={"Connection": "close"})
        answer = connection.getresponse()
        text = answer.read(_LONGEST).decode("utf-8", "replace") if answer.status == 200 else ""
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return _parsed(text)


def _parsed(text: str) -> Traffic | None:
    found = [_LINE.fullmatch(line) for line in text.splitlines()]
    values = {line["name"]: float(line["value"]) for line in found if line and line["bound"] is None}
    if "score_seconds_count" not in values:
        return None
    return Traffic(
        int(values["score_seconds_count"]),
        values.get("score_seconds_sum", 0.0),
        int(values.get("run_failures_total", 0)),
        {
            float(line["bound"]): int(float(line["value"]))
            for line in found
            if line and line["name"] == "score_seconds_bucket" and line["bound"] is not None
        },
    )
