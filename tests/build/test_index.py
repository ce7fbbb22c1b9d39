"""A package index of one's own: its password opens it, and goes no further."""

import base64
import functools
import http.server
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.build.local import build

pytestmark = pytest.mark.network

SECRET = "correct-horse-battery-staple"
WHEEL = "very_private_thing-1.0-py3-none-any.whl"


class Guarded(http.server.SimpleHTTPRequestHandler):
    """Serves a folder to those who know the password."""

    def do_GET(self):
        wanted = base64.b64encode(f"someone:{SECRET}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        super().do_GET()

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """An index with one package; gives host and port."""
    page = tmp_path / "index" / "simple" / "very-private-thing"
    page.mkdir(parents=True)
    info = "very_private_thing-1.0.dist-info"
    with zipfile.ZipFile(page / WHEEL, "w") as wheel:
        wheel.writestr("very_private_thing.py", "ANSWER = 42\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: very-private-thing\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(
            f"{info}/RECORD", f"very_private_thing.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"
        )
    (page / "index.html").write_text(f'<a href="{WHEEL}">{WHEEL}</a>')
    handler = functools.partial(Guarded, directory=str(tmp_path / "index"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_password_of_an_index_reaches_nothing(index, recipe, store, watcher, home, monkeypatch):
    monkeypatch.setenv("UV_INDEX", f"http://someone:{SECRET}@{index}/simple")
    built = build(recipe("very-private-thing==1.0"), store, watcher.report)
    assert "very-private-thing" in built.lock
    assert index in built.lock
    assert SECRET not in built.lock
    assert SECRET not in watcher.text()
    holders = [path for path in home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert holders == []
