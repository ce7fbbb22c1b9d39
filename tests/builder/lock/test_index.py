"""A package index of one's own: its password opens it, and goes no further."""

import base64
import contextlib
import functools
import http.server
import os
import ssl
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jupyter_modelpack.builder.build import build
from jupyter_modelpack.errors import Denied, Unavailable

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


@pytest.fixture(autouse=True)
def nothing_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let uv ask these indexes: its cache would answer for one of the same address that an earlier run had."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """The folder of an index with one package."""
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
    return tmp_path / "index"


@contextlib.contextmanager
def serving(handler: type[Guarded], pages: Path, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve the pages; give host and port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(pages))) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def index(pages: Path) -> Iterator[str]:
    with serving(Guarded, pages) as address:
        yield address


def test_a_password_of_an_index_reaches_nothing(index, recipe, store, watcher, home, monkeypatch):
    monkeypatch.setenv("UV_INDEX", f"http://someone:{SECRET}@{index}/simple")
    built = build(recipe("very-private-thing==1.0"), store, watcher.report)
    assert "very-private-thing" in built.lock
    assert index in built.lock
    assert SECRET not in built.lock
    assert SECRET not in watcher.text()
    holders = [path for path in home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert holders == []


@pytest.mark.parametrize("login", ["", f"someone:not-{SECRET}@"], ids=["no password", "another password"])
def test_a_door_that_stays_closed_is_named(login, index, recipe, store, watcher, monkeypatch):
    monkeypatch.setenv("UV_INDEX", f"http://{login}{index}/simple")
    with pytest.raises(Denied, match=f"The package index at {index} wants another password") as caught:
        build(recipe("very-private-thing==1.0"), store, watcher.report)
    assert f"not-{SECRET}" not in f"{caught.value}{watcher.text()}"


class Forwarding(Guarded):
    """A proxy to one host, which only it can find."""

    heard: list[str] = []  # noqa: RUF012 - one for the test

    def do_GET(self):
        self.heard.append(self.path)
        if urlsplit(self.path).hostname != "index.test":
            self.send_error(403)
            return
        self.path = urlsplit(self.path).path
        super().do_GET()

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for


def test_an_index_behind_a_proxy(pages, recipe, store, watcher, monkeypatch):
    monkeypatch.setenv("UV_INDEX", f"http://someone:{SECRET}@index.test/simple")
    monkeypatch.setattr(Forwarding, "heard", [])
    with serving(Forwarding, pages) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy}")
        built = build(recipe("very-private-thing==1.0"), store, watcher.report)
    assert any(path.endswith(WHEEL) for path in Forwarding.heard)
    assert "very-private-thing" in built.lock
    assert SECRET not in built.lock + watcher.text()


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A company's own authority, and the certificate it gave to 127.0.0.1."""
    folder = tmp_path / "authority"
    folder.mkdir()
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    def openssl(*words: str | Path) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)

    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=company")
    openssl("req", *key, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=index")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
    openssl("x509", "-req", "-in", "request.pem", "-out", "cert.pem", *sign)
    return folder


@pytest.mark.parametrize("trusted", [True, False], ids=["its authority is trusted", "it is not"])
def test_an_index_with_a_certificate_of_the_companys(
    trusted, pages, authority, recipe, store, watcher, monkeypatch, tmp_path
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    known = ssl.get_default_verify_paths().openssl_cafile
    bundle = tmp_path / "bundle.pem"
    own = (authority / "ca.pem").read_text() if trusted else ""
    bundle.write_text(Path(os.environ.get("SSL_CERT_FILE") or known).read_text() + own)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with serving(Guarded, pages, context) as address:
        monkeypatch.setenv("UV_INDEX", f"https://someone:{SECRET}@{address}/simple")
        if trusted:
            assert address in build(recipe("very-private-thing==1.0"), store, watcher.report).lock
            return
        with pytest.raises(Unavailable) as caught:
            build(recipe("very-private-thing==1.0"), store, watcher.report)
        trusting = build(recipe("very-private-thing==1.0", "--trusted-host 127.0.0.1"), store, watcher.report)
        assert address in trusting.lock
    assert "SSL_CERT_FILE" in caught.value.hint
    assert SECRET not in f"{caught.value}{watcher.text()}"
