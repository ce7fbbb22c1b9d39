"""Bound how long a server may take for the head of an answer.

A socket's timeout counts from byte to byte, so a server that sends one now and then never exceeds it.
"""

from __future__ import annotations

import io
import ssl
import time
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from socket import socket
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, Request

_SECONDS = 15.0
"""Seconds until status line and headers are complete."""


class _Incoming(io.RawIOBase):
    """The stream of bytes from a server."""

    def __init__(self, raw: io.RawIOBase, connection: socket) -> None:
        self._raw, self._connection, self._idle = raw, connection, connection.gettimeout()
        self._until: float | None = time.monotonic() + _SECONDS

    def end_head(self) -> None:
        """End the bound; only pauses are bounded from now on."""
        self._until = None
        self._connection.settimeout(self._idle)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._until is not None:
            left = self._until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the head of the answer took too long")
            self._connection.settimeout(left if self._idle is None else min(self._idle, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, sock: socket, *given: Any, **options: Any) -> None:
        super().__init__(sock, *given, **options)
        self._incoming = _Incoming(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._incoming)

    def begin(self) -> None:
        super().begin()
        self._incoming.end_head()


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class BoundedHTTPHandler(HTTPHandler):
    """Opens addresses that begin with ``http:``."""

    def http_open(self, req: Request) -> HTTPResponse:
        """Ask, and return the answer once its head is there."""
        return self.do_open(_Connection, req)


class BoundedHTTPSHandler(HTTPSHandler):
    """Opens addresses that begin with ``https:``.

    Args:
        context: Which certificates are trusted.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self._trusted = context

    def https_open(self, req: Request) -> HTTPResponse:
        """Ask, and return the answer once its head is there."""
        return self.do_open(_SecureConnection, req, context=self._trusted)
