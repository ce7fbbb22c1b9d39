"""The bytes of a response's head."""

from __future__ import annotations

import http
import time
from typing import TYPE_CHECKING

from ..messages import Response

if TYPE_CHECKING:  # a dry run has none
    import httptools

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in http.HTTPStatus}
_WITHOUT_BODY = frozenset({204, 304})
_BREAKS = str.maketrans("", "", "\r\n\0")

_second = 0
_date = b""


def status_line(status: int) -> bytes:
    """Return the first line; codes without a registered phrase are allowed."""
    return _STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n".encode()


def date_header() -> bytes:
    """Return the Date header, made once a second."""
    global _second, _date  # noqa: PLW0603  a cache of one line
    now = int(time.time())
    if now != _second:
        _second = now
        _date = time.strftime("date: %a, %d %b %Y %H:%M:%S GMT\r\n", time.gmtime(now)).encode()
    return _date


def header_text(text: object) -> bytes:
    """Make a header name or value of anything; line breaks in it would forge headers."""
    return str(text).translate(_BREAKS).encode("latin-1", "replace")


def head_of(response: Response, *, keep_alive: bool, accepts_chunks: bool = True) -> bytes:
    """Return everything up to and including the empty line.

    Args:
        response: A stream in it that cannot go in chunks ends with the connection.
        keep_alive: Whether the connection stays open afterwards.
        accepts_chunks: Whether the client understands `Transfer-Encoding: chunked`.
    """
    parts = [status_line(response.status), date_header()]
    if response.stream is not None:
        parts += (
            b"content-type: ",
            response.content_type,
            b"\r\ntransfer-encoding: chunked\r\n" if accepts_chunks else b"\r\n",
        )
    elif response.status not in _WITHOUT_BODY:
        parts += (b"content-type: ", response.content_type, b"\r\ncontent-length: %d\r\n" % len(response.body))
    for name, value in response.headers:
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"\r\n" if keep_alive else b"connection: close\r\n\r\n")
    return b"".join(parts)


def framing_of(parser: httptools.HttpRequestParser, headers: dict[bytes, bytes]) -> bytes:
    """Return a head that frames a body as the one just parsed does, and asks for no other protocol."""
    version, kept = parser.get_http_version(), (b"connection", b"content-length", b"transfer-encoding")
    lines = [b"%b: %b\r\n" % (name, headers[name]) for name in kept if name in headers]
    return b"%b / HTTP/%b\r\n%b\r\n" % (parser.get_method(), version.encode(), b"".join(lines))
