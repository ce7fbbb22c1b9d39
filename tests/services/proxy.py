"""A forward proxy on loopback, as companies have: it passes on what asks it, and notes for whom."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK = 1 << 16


class Proxy(ThreadingHTTPServer):
    """Tunnels TLS connections, and nothing else: a request in plain text is refused."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.asked_for: list[str] = []

    @property
    def url(self) -> str:
        """What HTTPS_PROXY names."""
        return f"http://127.0.0.1:{self.server_port}"


class _Tunnel(BaseHTTPRequestHandler):
    server: Proxy

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        self.server.asked_for.append(host)
        try:
            there = socket.create_connection((host, int(port)), timeout=20)
        except OSError as error:
            self.send_error(502, str(error))
            return
        with there:
            self.send_response(200)
            self.end_headers()
            _pass_on(self.connection, there)
        self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        pass


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """Send what comes from either to the other, until one of them ends."""
    to = {one: other, other: one}
    while True:
        for ready in select.select(list(to), [], [])[0]:
            try:
                data = ready.recv(CHUNK)
                to[ready].sendall(data)
            except OSError:
                return
            if not data:
                return


@contextlib.contextmanager
def proxy() -> Iterator[Proxy]:
    """Serve until the block ends."""
    with Proxy() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()
