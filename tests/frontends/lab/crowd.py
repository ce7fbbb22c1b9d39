"""An engine with ten thousand images, for as long as a test wants it: a stand-in that only lists."""

import functools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@functools.cache
def images() -> bytes:
    return json.dumps([_image(number) for number in range(10_000)]).encode()


def _image(number: int) -> dict[str, object]:
    return {
        "Id": f"sha256:{number:064x}",
        "RepoTags": [f"team/service-{number}:1"],
        "RepoDigests": [],
        "Created": 1_790_000_000 + number,
        "Size": 1_000_000 + number,
        "VirtualSize": 1_000_000 + number,
        "Labels": {},
        "ParentId": "",
        "SharedSize": -1,
        "Containers": -1,
    }


ANSWERS = {
    "_ping": b"OK",
    "version": json.dumps({"Version": "24.0.0", "ApiVersion": "1.41", "Components": [], "Os": "linux"}).encode(),
    "containers/json": b"[]",
}


class _Engine(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        body = next((answer for name, answer in ANSWERS.items() if path.endswith(name)), None)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Api-Version", "1.41")
        self.send_header("Content-Length", str(len(body or b"{}")))
        self.end_headers()
        self.wfile.write(body or b"{}")

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_words: object) -> None:
        pass


@contextmanager
def engine() -> Iterator[str]:
    """Give the DOCKER_HOST of an engine with ten thousand images."""
    ANSWERS.setdefault("images/json", images())
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Engine)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"tcp://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
