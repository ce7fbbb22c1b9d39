"""What only our registry promises: read-only, loopback only, deaf to web pages."""

import base64
import contextlib
import json
import re
import socket
import threading
import time
from pathlib import Path

import pytest
import requests

from jupyter_modelpack.limits import CONNECTIONS
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.registry.server import head, read_api
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.server import CHALLENGE, PROOF, RegistryServer
from tests.registry.samples import layer, put_image
from tests.registry.served import Served, serve_sample


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory):
    server, served = serve_sample(tmp_path_factory.mktemp("server") / "layout")
    with server:
        yield served


def raw(served: Served, request: bytes) -> bytes:
    """Send bytes, then read until the server hangs up."""
    host, _, port = served.account.address.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request)
        said = b""
        while data := connection.recv(65536):
            said += data
    return said


def status(said: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", said)
    assert found, said[:200]
    return int(found[1])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_it_is_read_only(ours: Served, method):
    response = ours.ask("package/blobs/uploads/", method, data=b"x" * 100_000)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert response.json()["errors"][0]["code"] == "UNSUPPORTED"
    assert "read-only" in response.json()["errors"][0]["message"]


FOREIGN = [
    {"Host": "evil.example"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "localhost.evil.example:5000"},
    {"Host": "127.0.0.1@evil.example"},
    {"Host": "10.0.0.1"},
    {"Host": ""},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:8888"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_web_pages_get_nothing_even_with_the_password(ours: Served, headers, method):
    response = ours.ask("_catalog", method, headers=headers)
    assert response.status_code == 403
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.1.2.3:99", "[::1]:5000"])
def test_loopback_by_any_name_is_answered(ours: Served, host):
    assert ours.ask("_catalog", headers={"Host": host}).status_code == 200


def test_two_hosts_are_one_too_many(ours: Served):
    said = raw(ours, b"GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert status(said) == 403


BAD_LOGINS = ["", "Basic", "Basic ", "Basic !!!", "Bearer {}", "Basic {}x", "{}", "Basic\t{}", "basic {} {}"]


@pytest.mark.parametrize("header", BAD_LOGINS)
def test_a_malformed_login_is_no_login(ours: Served, header):
    good = base64.b64encode(":".join(ours.login).encode()).decode()
    headers = {"Authorization": header.format(good, good)}
    assert ours.ask("", auth=None, headers=headers).status_code == 401


def test_the_scheme_is_read_in_any_case(ours: Served):
    good = base64.b64encode(":".join(ours.login).encode()).decode()
    assert ours.ask("", auth=None, headers={"Authorization": f"bAsIc {good}"}).status_code == 200


UNREADABLE = [
    (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414),
    (b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414),
    (b"GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
    (b"GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"A: " + b"b" * 40000 + b"\r\n\r\n", 431),
    (b"GET /v2/ HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n", 505),
    (b"one two three four five\r\n\r\n", 400),
]


@pytest.mark.parametrize(("request_", "expected"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_cannot_be_read_is_refused_in_the_form_of_the_specification(ours: Served, request_, expected):
    said = raw(ours, request_)
    assert status(said) == expected
    assert json.loads(said.partition(b"\r\n\r\n")[2])["errors"][0]["code"]


def test_a_tls_client_is_turned_away_at_once(ours: Served):
    assert raw(ours, b"\x16\x03\x01\x00\xf4\x01\x00") == b""


def test_several_requests_use_one_connection(ours: Served):
    login = base64.b64encode(":".join(ours.login).encode())
    one = b"GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic " + login + b"\r\n"
    said = raw(ours, one + b"\r\n" + one + b"\r\n" + one + b"Connection: close\r\n\r\n")
    assert said.count(b"HTTP/1.1 200 OK") == 3


def test_a_request_with_a_body_ends_the_connection(ours: Served):
    # Else the unread body would be taken for the next request.
    said = raw(ours, b"PUT /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert said.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in said


ODD = [
    ("package/manifests/..%2f..%2fregistry.json", 404),
    ("../registry.json", 404),
    ("package/blobs/sha256:../../registry.json", 404),
    ("package/blobs/sha256:..%5c..%5cregistry.json", 400),
    ("package/blobs/sha256:" + "A" * 64, 400),
    ("package/blobs/sha512:" + "0" * 128, 400),
    ("package/blobs/..", 400),
    ("package/manifests/sha256:12", 400),
    ("package/manifests/-x", 400),
    ("Package/manifests/1", 400),
    ("package%00/manifests/1", 400),
    ("package/tags/other", 404),
    ("package/referrers/sha256:..%2f..%2fregistry.json", 404),
    ("package/referrers/registry.json", 400),
    ("package/tags/list?n=x", 400),
    ("package/tags/list?n=-1", 400),
]


@pytest.mark.parametrize(("path", "expected"), ODD)
def test_odd_paths_are_refused_without_a_word_about_the_disk(ours: Served, path, expected):
    host, _, port = ours.account.address.partition(":")
    login = base64.b64encode(":".join(ours.login).encode()).decode()
    headers = f"Host: {host}:{port}\r\nAuthorization: Basic {login}\r\nConnection: close\r\n\r\n"
    said = raw(ours, f"GET /v2/{path} HTTP/1.1\r\n{headers}".encode())
    assert status(said) == expected
    assert str(ours.layout.path).encode() not in said


def test_a_percent_encoded_digest_is_understood(ours: Served):
    path = f"package/manifests/{str(ours.image.digest).replace(':', '%3A')}"
    assert ours.ask(path).content == ours.image.raw


def test_pages(ours: Served):
    first = ours.ask("package/tags/list?n=2")
    assert first.json()["tags"] == ["1", "2"]
    link = re.fullmatch(r'</v2/(.+)>; rel="next"', first.headers["Link"])
    second = ours.ask(link[1])
    assert second.json()["tags"] == ["3"]
    assert "Link" not in second.headers
    assert ours.ask("package/tags/list?n=0").json()["tags"] == []


def test_a_damaged_manifest_is_an_error_that_names_no_path(ours: Served):
    image = put_image(ours.layout, "damaged:1", layer(7, 10))
    path = ours.layout.blob_path(image.digest)
    path.write_bytes(path.read_bytes().replace(b"sha256", b"sha25b"))
    response = ours.ask("damaged/manifests/1")
    assert response.status_code == 500
    assert str(ours.layout.path) not in response.text
    assert response.json()["errors"][0]["code"] == "UNKNOWN"


def test_an_empty_blob(ours: Served):
    empty = ours.layout.put_bytes("text/plain", b"")
    response = ours.ask(f"package/blobs/{empty.digest}")
    assert (response.status_code, response.content) == (200, b"")


def test_many_readers_at_once_get_the_same_bytes(ours: Served):
    part = ours.image.manifest.layers[1]
    found = []

    def read() -> None:
        found.append(Digest.of(ours.ask(f"package/blobs/{part.digest}").content))

    threads = [threading.Thread(target=read) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [part.digest] * 12


def test_it_answers_a_challenge_without_the_password(ours: Served):
    response = ours.ask("", auth=None, headers={CHALLENGE: "abc"})
    assert response.status_code == 401
    known = {"port": 1, "username": "x", "password": ours.login[1]}
    endpoint = Endpoint.from_json(json.dumps(known).encode())
    assert response.headers[PROOF] == endpoint.prove("abc")
    assert PROOF not in ours.ask("").headers


def test_the_log_has_no_control_characters(ours: Served):
    lines: list[str] = []
    endpoint = Endpoint.create()
    with (
        RegistryServer(ours.layout, endpoint, lines.append),
        socket.create_connection((endpoint.host, endpoint.port), timeout=5) as connection,
    ):
        connection.sendall(b"GET /\x1b[31m\xe2\x80\xae HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert connection.recv(100)
    assert len(lines) == 1
    assert lines[0].isprintable()
    assert "\\x1b[31m" in lines[0]


RANGES = [
    (None, None),
    ("bytes=0-", (0, 9)),
    ("bytes=0-99", (0, 9)),
    ("bytes=9-9", (9, 9)),
    ("bytes=-3", (7, 9)),
    ("bytes=-99", (0, 9)),
    ("bytes=10-", (10, 9)),
    ("bytes=-0", (10, 9)),
    ("bytes=5-4", (5, 4)),
    ("bytes=-", None),
    ("bytes=0-1,3-4", None),
    ("bytes=a-b", None),
    ("lines=0-1", None),
    ("bytes=" + "9" * 30 + "-", None),
]


@pytest.mark.parametrize(("header", "expected"), RANGES)
def test_ranges(header, expected):
    assert read_api.parse_range(header, 10) == expected


def open_files(path: Path) -> int:
    links = Path("/proc/self/fd").iterdir()
    return sum(str(path) in str(link.readlink()) for link in links if link.is_symlink())


def test_serving_leaves_no_file_open(ours: Served):
    part = ours.image.manifest.layers[1]
    for _ in range(5):
        ours.ask(f"package/blobs/{part.digest}")
        ours.ask(f"package/blobs/{part.digest}", "HEAD")
    assert open_files(ours.layout.path / "blobs") == 0


# --- many at once ---


def half_sent(served: Served) -> socket.socket:
    host, _, port = served.account.address.partition(":")
    line = socket.create_connection((host, int(port)), timeout=5)
    line.sendall(b"GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    return line


def test_half_sent_requests_without_the_password_keep_nobody_out(tmp_path: Path):
    server, served = serve_sample(tmp_path / "layout")
    with server, contextlib.ExitStack() as stack:
        lines = [stack.enter_context(half_sent(served)) for _ in range(CONNECTIONS + 12)]
        for _ in range(3):
            for line in lines:
                with contextlib.suppress(OSError):  # hung up on meanwhile
                    line.sendall(b"A: b\r\n")
            assert served.ask("package/tags/list").json()["tags"] == ["1", "2", "3"]
        layer = served.image.manifest.layers[1]
        assert Digest.of(served.ask(f"package/blobs/{layer.digest}").content) == layer.digest
        assert sum(hung_up(line) for line in lines) >= 12


def hung_up(line: socket.socket) -> bool:
    line.setblocking(False)
    try:
        return line.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize("begin", [b"", b"GET /v2/", b"GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"])
def test_the_whole_head_has_a_limit_of_time(ours: Served, monkeypatch: pytest.MonkeyPatch, begin):
    monkeypatch.setattr(head, "REQUEST_HEAD_SECONDS", 0.3)
    host, _, port = ours.account.address.partition(":")
    began = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=0.05) as line:
        line.sendall(begin or b"G")
        said = b""
        while not said and time.monotonic() - began < 5:
            with contextlib.suppress(TimeoutError):  # every answer is one; every pause is shorter than any idle limit
                said = line.recv(100)
            with contextlib.suppress(ConnectionError):
                line.sendall(b"x")
    assert status(said) == 408
    assert time.monotonic() - began < 2


def test_the_whole_head_has_a_limit_of_bytes(ours: Served):
    lines = b"".join(b"A%d: " % number + b"b" * 60_000 + b"\r\n" for number in range(50))
    host, _, port = ours.account.address.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        with contextlib.suppress(ConnectionError):
            line.sendall(b"GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + lines)
        with contextlib.suppress(ConnectionError):
            assert status(line.recv(100)) == 431


def test_an_idle_connection_is_not_one_that_is_late(ours: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(head, "REQUEST_HEAD_SECONDS", 0.1)
    with requests.Session() as session:
        for _ in range(2):
            assert session.get(f"http://{ours.account.address}/v2/", auth=ours.login, timeout=5).status_code == 200
            threading.Event().wait(0.2)


def test_too_many_that_are_served_are_told_to_come_again(tmp_path: Path):
    server, served = serve_sample(tmp_path / "layout")
    line, other = socket.socketpair()
    with server, line, other:
        for _ in range(CONNECTIONS):
            server.connections.wait(line)
            assert server.connections.begin(line)
        refused = served.ask("")
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, "TOOMANYREQUESTS")
        assert refused.headers["Retry-After"] == "2"
        assert served.ask("", auth=None).status_code == 401
        server.connections.end(line)
        assert served.ask("").status_code == 200
