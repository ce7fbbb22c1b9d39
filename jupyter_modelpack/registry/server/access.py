"""Restrict the embedded registry to programs of this machine that know the password.

Web pages are kept out: they can make a browser send requests to loopback, by our address or, with
DNS rebinding, by a name of their own. So the Host header must name loopback, and requests with headers
that browsers add across sites are refused (threat-model.md T8).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from email.message import Message

from jupyter_modelpack.registry.server.endpoint import Endpoint

_LOOPBACK_HOST = re.compile(r"(?:127(?:\.[0-9]{1,3}){3}|localhost|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)


def is_local_request(headers: Message) -> bool:
    """Whether a request names a loopback host exactly once and comes from no web page."""
    hosts = headers.get_all("Host") or []
    if len(hosts) != 1 or not _LOOPBACK_HOST.fullmatch(hosts[0].strip()):
        return False
    return "Origin" not in headers and headers.get("Sec-Fetch-Site", "none").strip().lower() == "none"


def knows_password(headers: Message, endpoint: Endpoint) -> bool:
    """Whether a request carries the endpoint's user name and password (RFC 7617), compared in constant time."""
    scheme, _, encoded = headers.get("Authorization", "").strip().partition(" ")
    try:
        given = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        given = b""
    expected = f"{endpoint.username}:{endpoint.password.reveal()}".encode()
    return hmac.compare_digest(given, expected) and scheme.lower() == "basic"
