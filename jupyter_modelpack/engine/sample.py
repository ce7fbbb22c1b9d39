"""A request that fits a service, as the service itself describes it."""

from __future__ import annotations

import http.client
import json
from typing import Any

from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.engine.ports import LOOPBACK

_SECONDS = 5.0
_LONGEST = 1_000_000
"""Bytes of a description that are read; a sample is for looking at."""


def sample(service: Service) -> Any:
    """Return the example in the service's description of its input, or None when it gives none."""
    # http.client knows no proxies, which must not stand between us and loopback.
    connection = http.client.HTTPConnection(LOOPBACK, service.port, timeout=_SECONDS)
    try:
        connection.request("GET", "/swagger.json", headers={"Connection": "close"})
        answer = connection.getresponse()
        body = answer.read(_LONGEST) if answer.status == 200 else b"{}"
        found = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return _example(found)


def _example(found: Any) -> Any:
    for key in ("definitions", "ServiceInput", "example"):
        found = found.get(key) if isinstance(found, dict) else None
    return found or None
