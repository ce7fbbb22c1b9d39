"""A registry that does what it is told to: lie."""

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, MANIFEST, Descriptor, Manifest, canonical

BLOB = bytes(range(256)) * 8_000
CONFIG_BLOB = canonical({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
IMAGE = Manifest(Descriptor.of(CONFIG, CONFIG_BLOB), (Descriptor.of(LAYER, BLOB),))
RAW = IMAGE.to_bytes()


@dataclass
class Say:
    """One answer; what is left out is filled in truthfully."""

    status: int = 200
    """0 says nothing at all."""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = -1
    """Announced length: -1 the true one, None not announced."""
    then: str = ""
    """What follows the body: `reset`, `stall`, `endless` or `close`."""


Lie = Callable[["Asked"], Say | None]


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    number: int
    """How often this method and path were asked for before."""
    body: bytes = b""


class Evil(ThreadingHTTPServer):
    """Serves one image truthfully but for what `lie` answers; keeps every byte it heard."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, lie: Lie, host: str = "127.0.0.1") -> None:
        self.lie, self.asked, self.heard = lie, [], b""
        self.stop = threading.Event()
        self.lock = threading.Lock()
        super().__init__((host, 0), Handler)

    @property
    def address(self) -> str:
        return f"{self.server_address[0]}:{self.server_port}"

    def truth(self, asked: Asked) -> Say:
        path = asked.path.partition("?")[0]
        if path == "/v2/":
            return Say()
        blobs = {IMAGE.config.digest: CONFIG_BLOB, IMAGE.layers[0].digest: BLOB}
        name = path.rpartition("/")[2]
        if "/blobs/uploads/" in path:
            return Say(202, headers={"Location": f"{path}1"}) if asked.method == "POST" else Say(201)
        if asked.method == "PUT":
            return Say(201)
        if "/blobs/" in path and name in blobs:
            return partial(blobs[Digest.parse(name)], asked)
        if "/manifests/" in path and name in {"1", Digest.of(RAW)}:
            return Say(200, RAW, {"Content-Type": MANIFEST})
        return Say(404, b'{"errors": [{"code": "UNKNOWN", "message": "no such thing"}]}')

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up on liars."""


def partial(data: bytes, asked: Asked) -> Say:
    """Answer a Range request as the standard says."""
    wanted = asked.headers.get("range", "")
    if not wanted:
        return Say(200, data)
    first = int(wanted.removeprefix("bytes=").partition("-")[0])
    return Say(206, data[first:], {"Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"})


class Handler(BaseHTTPRequestHandler):
    server: Evil
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with self.server.lock:
            before = sum((one.method, one.path) == (self.command, self.path) for one in self.server.asked)
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, before, body)
            self.server.asked.append(asked)
            self.server.heard += f"{self.requestline}\r\n{self.headers}".encode() + body
        say = self.server.lie(asked) or self.server.truth(asked)
        if not say.status:
            self._then(say.then)
            return
        self.send_response_only(say.status)
        for name, value in say.headers.items():
            self.send_header(name, value)
        if say.length is not None:
            self.send_header("Content-Length", str(len(say.body) if say.length == -1 else say.length))
        else:
            self.close_connection = True
        self.end_headers()
        if self.command == "HEAD":
            return
        with contextlib.suppress(OSError):
            self.wfile.write(say.body)
            self._then(say.then)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815 - names the base class looks up

    def _then(self, what: str) -> None:
        if what:
            self.close_connection = True
        if what == "reset":
            # Close with a RST instead of a FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif what == "stall":
            self.server.stop.wait(30)
        elif what == "endless":
            while not self.server.stop.is_set():
                self.wfile.write(b"x" * 65536)

    def log_message(self, *_what: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def evil(lie: Lie, host: str = "127.0.0.1") -> Iterator[Evil]:
    """Run a registry that answers by `lie`, and truthfully where that gives None."""
    server = Evil(lie, host)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


def manifest(**changes: Any) -> bytes:
    """The true manifest with some fields changed; None removes one."""
    document = {**json.loads(RAW), **changes}
    return canonical({name: value for name, value in document.items() if value is not None})


def as_manifest(raw: bytes, media_type: str = MANIFEST, **headers: str) -> Lie:
    """Lie about the manifest."""

    def lie(asked: Asked) -> Say | None:
        return Say(200, raw, {"Content-Type": media_type, **headers}) if "/manifests/" in asked.path else None

    return lie


def as_blob(say: Callable[[Asked], Say | None]) -> Lie:
    """Lie about the layer."""

    def lie(asked: Asked) -> Say | None:
        return say(asked) if asked.path.endswith(IMAGE.layers[0].digest) and asked.method == "GET" else None

    return lie


def redirect_to(target: str) -> Lie:
    return as_blob(lambda _asked: Say(307, headers={"Location": target}))
