"""The embedded registry's HTTP server, on loopback; read-only unless it has an inbox.

Blobs go from the store's files to the socket without passing through Python (sendfile). `read_api`
and `push_api` decide what is answered, `access` who is.
"""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import IPPROTO_TCP, SHUT_RDWR, TCP_NODELAY, socket
from socketserver import TCPServer
from typing import Any, Self

from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.limits import CONNECTIONS, REQUEST_HEADER_BYTES, REQUEST_LINE_BYTES
from jupyter_modelpack.oci.image import RegistryContent
from jupyter_modelpack.registry.server.access import is_local_request, knows_password
from jupyter_modelpack.registry.server.connections import Connections
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.head import Incoming
from jupyter_modelpack.registry.server.push_api import Inbox, is_upload
from jupyter_modelpack.registry.server.read_api import answer
from jupyter_modelpack.registry.server.reply import Reply, error_answer, refuse_method
from jupyter_modelpack.registry.server.request_body import read_body

CHALLENGE = "X-Modelpack-Challenge"
PROOF = "X-Modelpack-Registry"
LEAVE = "/v2/_leave"
"""Path at which a registry in the background is asked to end; no repository has this prefix."""

_CUT_SECONDS = 5.0
"""Seconds that a thread may take to notice that its connection was cut off."""

_CODES = {400: "UNSUPPORTED", 408: "UNSUPPORTED", 414: "NAME_INVALID", 431: "SIZE_INVALID", 505: "UNSUPPORTED"}
_TLS_HANDSHAKE = b"\x16"


class RegistryServer(ThreadingHTTPServer):
    """Listens at the endpoint once created; answers while `serve_forever` runs.

    As a context manager it answers from a thread of its own.

    Attributes:
        content: What is served.
        endpoint: Address and password.
        inbox: Stores what is pushed; None when the registry is read-only.
        connections: The open connections.
        on_leave: Ends this registry on request; None in the foreground.
        has_left: Whether it has stopped listening; the port is free then.
        last_request: Time of the last request, on the monotonic clock.

    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = CONNECTIONS

    def __init__(
        self,
        content: RegistryContent,
        endpoint: Endpoint,
        log: Callable[[str], None] = lambda _line: None,
        inbox: Inbox | None = None,
    ) -> None:
        self.content, self.endpoint, self.log, self.inbox = content, endpoint, log, inbox
        self.last_request = time.monotonic()
        self.connections = Connections()
        self.on_leave: Callable[[], None] | None = None
        self.has_left = False
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        super().__init__((endpoint.host, endpoint.port), RequestHandler)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def server_close(self) -> None:
        """Stop listening, and leave nothing of what was half pushed."""
        super().server_close()
        if self.inbox:
            self.connections.cut(_CUT_SECONDS)  # what receives data is not removed
            self.inbox.close()

    def server_bind(self) -> None:
        """Bind without HTTPServer's look-up of the host's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.endpoint.host, self.endpoint.port

    def stop_listening(self) -> None:
        """Close the listening socket; wakes up `serve_forever`."""
        self.has_left = True
        self.socket.shutdown(SHUT_RDWR)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one connection's requests."""
        self.connections.wait(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.gone(request)

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """Ignore a client that disconnects; the base class prints a traceback."""


class RequestHandler(BaseHTTPRequestHandler):
    """One connection to the embedded registry."""

    server: RegistryServer
    raw_requestline: bytes
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # the base class answers what it cannot read as HTTP/0.9: without headers
    timeout = 75
    wbufsize = -1  # one packet for status and headers, not one each

    def setup(self) -> None:
        """Send small answers at once instead of waiting for more (Nagle)."""
        super().setup()
        self.connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self.rfile.close()
        self._incoming = Incoming(self.connection, self.timeout)
        self.rfile = io.BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        """Read a request and answer it; disconnect on TLS, which clients try first."""
        self.close_connection = True
        try:
            if self.rfile.peek(1)[:1] in {b"", _TLS_HANDSHAKE}:  # type: ignore[attr-defined]
                return
        except (TimeoutError, ConnectionError):
            return
        self._incoming.begin_head()
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def parse_request(self) -> bool:
        """Read request line and headers within our bounds."""
        self.server.last_request = time.monotonic()
        self.command = self.requestline = ""
        self.request_version = self.default_request_version
        if self._is_cut():
            return False
        if len(self.raw_requestline) > REQUEST_LINE_BYTES:
            self.send_error(414, "The request line is too long.")
            return False
        if not super().parse_request():
            return False
        if self._is_cut():
            return False
        if sum(len(name) + len(value) for name, value in self.headers.items()) > REQUEST_HEADER_BYTES:
            self.send_error(431, "The request headers are too long.")
            return False
        self._incoming.end_head()
        if "Transfer-Encoding" in self.headers or self.headers.get("Content-Length", "0") != "0":
            self.close_connection = True  # its body stays unread
        return True

    def _is_cut(self) -> bool:
        if status := self._incoming.cut:
            self.send_error(status, "The head of the request took too long, or is too long.")
        return bool(status)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Handle every method in one place; the base class looks up ``do_<METHOD>``."""
        if name.startswith("do_"):
            return self._respond
        raise AttributeError(name)

    def handle_expect_100(self) -> bool:
        """Send 100 Continue only when the body will be read."""
        return super().handle_expect_100() if self.server.inbox else True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse a request that could not be read, in the specification's form."""
        self.close_connection = True
        self._send(error_answer(code, _CODES.get(code, "UNKNOWN"), message or "The request cannot be read."))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log one line without control characters."""
        line = format % args
        self.server.log("".join(c if c.isprintable() else repr(c)[1:-1] for c in line))

    def _respond(self) -> None:
        refused = self._refused()
        if refused:
            self._send(refused)
        elif not self.server.connections.begin(self.connection):
            self.close_connection = True
            self._send(error_answer(429, "TOOMANYREQUESTS", "Too many connections at once.", {"Retry-After": "2"}))
        else:
            try:
                self._send(self._decide())
            finally:
                self.server.connections.end(self.connection)

    def _refused(self) -> Reply | None:
        if not is_local_request(self.headers):
            return error_answer(403, "DENIED", "Only programs on this machine may speak to this registry.")
        if not knows_password(self.headers, self.server.endpoint):
            return error_answer(401, "UNAUTHORIZED", "User name and password are needed.", {"WWW-Authenticate": _REALM})
        return None

    def _decide(self) -> Reply:
        if (self.command, self.path) == ("POST", LEAVE) and self.server.on_leave:
            self.close_connection = True
            self.server.on_leave()
            return Reply(202)
        inbox = self.server.inbox
        if inbox and (self.command not in {"GET", "HEAD"} or is_upload(self.path)):
            return self._take(inbox)
        if self.command not in {"GET", "HEAD"}:
            self.close_connection = True
            return refuse_method("This registry is read-only; package a model to add an image.", "GET, HEAD")
        if inbox and inbox.has_deleted(self.path):
            return error_answer(404, "BLOB_UNKNOWN", "This registry has no such blob.")
        try:
            return answer(self.server.content, self.path, self.headers.get("Range"))
        except (ModelpackError, OSError):
            # The message names a path of the store; `modelpack check` shows it.
            return error_answer(500, "UNKNOWN", "The store cannot give this content.")

    def _take(self, inbox: Inbox) -> Reply:
        goes_on = self.headers.get("Connection", "").lower() != "close"
        body = read_body(dict(self.headers.items()), self.rfile)
        try:
            found = inbox.answer(self.command, self.path, dict(self.headers.items()), body)
        except ModelpackError as error:
            self.server.log(error.message)
            return error_answer(500, "UNKNOWN", "The store cannot take this content.")
        if next(body, None) is None:
            self.close_connection = not goes_on  # the body is read: the connection serves for the next request
        return found

    def _send(self, found: Reply) -> None:
        file = None
        if found.file and self.command == "GET":
            try:
                file = Path(found.file).open("rb")  # noqa: SIM115 - closed below, after the headers
            except OSError:
                found = error_answer(404, "BLOB_UNKNOWN", "This registry has no such blob.")
        with file or contextlib.nullcontext():
            self.log_request(found.status, found.length)
            self.send_response_only(found.status)
            for name, value in (*_ALWAYS.items(), *found.headers.items()):
                self.send_header(name, value)
            challenge = self._challenge()
            if challenge:
                self.send_header(PROOF, self.server.endpoint.prove(challenge))
            self.send_header("Content-Length", str(found.length))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            if self.command == "HEAD":
                return
            self.wfile.write(found.body)
            self.wfile.flush()
            if file and found.count and self.connection.sendfile(file, found.offset, found.count) != found.count:
                self.close_connection = True  # the file shrank: the client must see the body end early

    def _challenge(self) -> str:
        headers = getattr(self, "headers", None)
        return headers.get(CHALLENGE, "")[:64] if headers else ""


_ALWAYS = {"Docker-Distribution-Api-Version": "registry/2.0", "X-Content-Type-Options": "nosniff"}
_REALM = 'Basic realm="modelpack"'
