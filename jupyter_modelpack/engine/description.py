"""What a running service says of itself: whether it speaks TLS, whether it asks for a key, what it takes."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass, field
from typing import Any

from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.engine.ports import LOOPBACK

_SECONDS = 5.0
_LONGEST = 1_000_000
"""Bytes of a description that are read; it is for looking at."""

_NO_KEY = 401


@dataclass(frozen=True, slots=True)
class SelfDescription:
    """A service, as it answers.

    Attributes:
        answers: Whether it does.
        tls: Whether it speaks TLS.
        keys: Whether it asks for a key.
        document: Its Swagger document; empty where it has told none.
    """

    answers: bool
    tls: bool = False
    keys: bool = False
    document: dict[str, Any] = field(default_factory=dict)


def describe(service: Service, key: str | None = None) -> SelfDescription:
    """Ask ``GET /swagger.json``, first without a key, then with `key` where the service wants one."""
    try:
        tls = False
        status, body = _ask(service.port, None, tls=tls)
        if status == 0:  # refused at once, as what speaks TLS does
            tls = True
            status, body = _ask(service.port, None, tls=tls)
        keys = status == _NO_KEY
        if keys and key is not None:
            status, body = _ask(service.port, key, tls=tls)
    except TimeoutError:
        return SelfDescription(answers=False)
    if status == 0:
        return SelfDescription(answers=False)
    return SelfDescription(answers=True, tls=tls, keys=keys, document=_object(body) if status == 200 else {})


def _ask(port: int, key: str | None, *, tls: bool) -> tuple[int, bytes]:
    """Return status and body; status 0 for no answer in this scheme. Raise `TimeoutError` where nobody says a word."""
    # http.client knows no proxies, which must not stand between us and loopback.
    connection = (
        http.client.HTTPSConnection(LOOPBACK, port, timeout=_SECONDS, context=_any_certificate())
        if tls
        else http.client.HTTPConnection(LOOPBACK, port, timeout=_SECONDS)
    )
    headers = {"Connection": "close", **({"Authorization": f"Bearer {key}"} if key else {})}
    try:
        connection.request("GET", "/swagger.json", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(_LONGEST)
    except TimeoutError:
        raise
    except (OSError, http.client.HTTPException, ValueError):  # a key may be no header
        return 0, b""
    finally:
        connection.close()


def _any_certificate() -> ssl.SSLContext:
    """Return what takes any certificate: on loopback there is no name to compare it with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
