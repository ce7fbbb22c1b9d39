"""Determine a request's ids, and the headers that carry them (azure-differences.md 7.2)."""

import os

from .. import VERSION, limits
from ..messages import Header, Response, problem

_SERVER = (b"x-ms-server-version", f"modelpack/{VERSION}".encode())


def identify(headers: dict[bytes, bytes]) -> list[Header]:
    """Return the headers every answer carries.

    Nothing sent: one fresh id in both. `x-request-id` alone: both echo it. `x-ms-client-request-id`, or the
    old `x-ms-request-id`, is what the client calls the request; it is echoed under both names. The old one,
    sent beside the new one, is echoed as itself.
    """
    request_id = _fitting(headers, b"x-request-id") or _fresh()
    old_id = _fitting(headers, b"x-ms-request-id")
    client_id = _fitting(headers, b"x-ms-client-request-id") or old_id
    found = [_SERVER, (b"x-request-id", request_id), (b"x-ms-request-id", old_id or client_id or request_id)]
    if client_id:
        found.append((b"x-ms-client-request-id", client_id))
    trace = headers.get(b"traceid")
    if trace:
        found.append((b"TraceId", trace))
    return found


def _fitting(headers: dict[bytes, bytes], name: bytes) -> bytes | None:
    """Return an id the client has sent; one that is refused for its length is not sent back either."""
    value = headers.get(name)
    return value if value is None or len(value) <= limits.REQUEST_ID_SIZE else None


def _fresh() -> bytes:
    """Make a version 4 UUID; the uuid module takes three times as long."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}".encode()


def too_long(headers: dict[bytes, bytes]) -> Response | None:
    """Refuse ids over 100 characters with 431 (azure-differences.md 7.2)."""
    if len(headers.get(b"x-request-id", b"")) > limits.REQUEST_ID_SIZE:
        return problem(431, "x-request-id must not exceed 100 characters")
    if (
        len(headers.get(b"x-ms-request-id", b"")) > limits.REQUEST_ID_SIZE
        or len(headers.get(b"x-ms-client-request-id", b"")) > limits.REQUEST_ID_SIZE
    ):
        return problem(431, "x-ms-request-id and x-ms-client-request-id must not exceed 100 characters")
    return None
