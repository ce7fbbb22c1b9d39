"""A line to a registry on which every fifth request fails, each time in another way."""

import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FAULTS = ("unheard", "half heard", "answer lost", "half an answer", "busy", "broken")
_HOP = {"connection", "keep-alive", "transfer-encoding"}


class Flaky(ThreadingHTTPServer):
    """Passes requests on to `target` but for one in `1 / rate`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, target: str, rate: float, seed: int) -> None:
        self.target, self.rate = target, rate
        self.faults: Counter[str] = Counter()
        self.requests = self.begun = 0
        self._random, self._lock = random.Random(seed), threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def fate(self) -> str:
        with self._lock:
            self.requests += 1
            if self._random.random() >= self.rate:
                return ""
            fault = self._random.choice(FAULTS)
            self.faults[fault] += 1
            return fault

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Lines break here."""


class Handler(BaseHTTPRequestHandler):
    server: Flaky
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        fault = self.server.fate()
        self.server.begun += self.command == "POST"
        if fault == "unheard":
            return self._cut()
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if fault in {"busy", "broken"}:
            self.send_response_only(429 if fault == "busy" else 502)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        upstream = HTTPConnection(self.server.target, timeout=20)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP:
                    upstream.putheader(name, value)
            upstream.endheaders(body[: len(body) // 2] if fault == "half heard" else body)
            if fault == "half heard":
                return self._cut()
            answer = upstream.getresponse()
            data = answer.read()
            if fault == "answer lost":
                return self._cut()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP | {"content-length"}:
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data[: len(data) // 2] if fault == "half an answer" else data)
            if fault == "half an answer":
                self._cut()
        except (OSError, HTTPException):
            self._cut()
        finally:
            upstream.close()
        return None

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815 - names the base class looks up

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_what: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def flaky(target: str, rate: float = 0.2, seed: int = 1) -> Iterator[Flaky]:
    """Put such a line before the registry at `target`."""
    server = Flaky(target, rate, seed)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
