"""What any registry answers to a writer: one list of checks over ours, when it may be written, and the real one."""

import base64
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import DOCKER_MANIFEST, INDEX, MANIFEST, Descriptor, Index, Platform
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.registry.client import upload
from jupyter_modelpack.registry.client.transfer import pull_image, push_image
from jupyter_modelpack.registry.server import uploads
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.push_api import Inbox
from jupyter_modelpack.registry.server.server import RegistryServer
from jupyter_modelpack.store.files import temporary
from jupyter_modelpack.store.layout import Layout
from tests.registry.clients import PATIENT, login
from tests.registry.flaky import flaky
from tests.registry.samples import sample
from tests.registry.served import Writable
from tests.services.registry import Account

DATA = b"some bytes" * 1000
NAME = Digest.of(DATA)


def test_a_blob_in_one_piece(writable: Writable):
    done = writable.put(writable.begin(), NAME, data=DATA, headers={"Content-Type": "application/octet-stream"})
    assert done.status_code == 201
    assert done.headers["Docker-Content-Digest"] == NAME
    assert writable.ask("GET", done.headers["Location"]).content == DATA


def test_a_blob_in_pieces_and_in_chunks(writable: Writable):
    place = writable.begin()
    done = writable.ask("PATCH", place, data=DATA[:4000])
    assert done.status_code == 202
    assert done.headers["Range"] == "0-3999"
    assert writable.ask("GET", done.headers["Location"]).headers["Range"] == "0-3999"
    done = writable.ask("PATCH", done.headers["Location"], data=iter([DATA[4000:4001], DATA[4001:]]))
    assert done.status_code == 202
    assert done.headers["Range"] == f"0-{len(DATA) - 1}"
    assert writable.put(done.headers["Location"], NAME).status_code == 201
    assert writable.ask("GET", f"/v2/{writable.repository}/blobs/{NAME}").content == DATA


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha256:zz", "md5:0"])
def test_bytes_that_are_not_those_of_the_digest(writable: Writable, digest):
    done = writable.put(writable.begin(), digest, data=DATA)
    assert done.status_code == 400
    assert done.json()["errors"][0]["code"] == "DIGEST_INVALID"
    assert writable.ask("HEAD", f"/v2/{writable.repository}/blobs/{NAME}").status_code == 404


def test_an_upload_that_is_not_there_or_was_dropped(writable: Writable):
    place = writable.begin()
    assert writable.ask("DELETE", place).status_code == 204
    done = writable.put(place, NAME, data=DATA)
    assert done.status_code == 404
    assert done.json()["errors"][0]["code"] == "BLOB_UPLOAD_UNKNOWN"


def test_a_manifest_without_its_blobs_gets_no_name(writable: Writable, tmp_path: Path):
    image = sample(tmp_path / "layout")[1]
    path = f"/v2/{writable.repository}/manifests/1"
    done = writable.ask("PUT", path, data=image.raw, headers={"Content-Type": MANIFEST})
    assert done.status_code in {400, 404}
    assert done.json()["errors"][0]["code"] in {"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"}
    assert writable.ask("GET", path).status_code == 404


@pytest.mark.parametrize(("body", "kind"), [(b"{", MANIFEST), (b"[]", DOCKER_MANIFEST)])
def test_a_manifest_that_is_none(writable: Writable, body, kind):
    done = writable.ask("PUT", f"/v2/{writable.repository}/manifests/1", data=body, headers={"Content-Type": kind})
    assert done.status_code == 400
    assert done.json()["errors"][0]["code"] == "MANIFEST_INVALID"


def test_a_whole_image_pushed_pulled_and_pushed_elsewhere(writable: Writable, tmp_path: Path):
    image = sample(tmp_path / "layout")[1]
    registry = login(writable.account)
    name = Reference.parse(f"{writable.account.address}/{writable.repository}:1")
    assert push_image(image, name, Reporter(), registry) == image.digest
    fetched = pull_image(name, Layout.create(tmp_path / "fetched"), Platform(), Reporter(), registry)
    assert fetched.raw == image.raw
    for part in image.manifest.layers:
        assert registry.mount(f"{writable.repository}-2", part.digest, writable.repository)
    assert writable.ask("GET", f"/v2/{writable.repository}/tags/list").json()["tags"] == ["1"]


def test_an_index_of_images(writable: Writable, tmp_path: Path):
    image = sample(tmp_path / "layout")[1]
    registry = login(writable.account)
    push_image(image, Reference.parse(f"{writable.account.address}/{writable.repository}"), Reporter(), registry)
    entry = Descriptor(image.descriptor.media_type, image.digest, len(image.raw), platform=Platform())
    raw = Index((entry,)).to_bytes()
    registry.put_manifest(writable.repository, "many", Descriptor.of(INDEX, raw), raw)
    assert registry.manifest(writable.repository, "many")[1] == raw


# --- ours alone ---


def test_the_workspaces_own_names_cannot_be_pushed(our_account: Account, our_layout: Layout):
    done = Writable(our_account, "models/diabetes").ask("POST", "/v2/models/diabetes/blobs/uploads/")
    assert (done.status_code, done.json()["errors"][0]["code"]) == (403, "DENIED")


ALLOWED = [
    ("POST", "_catalog", "GET, HEAD"),
    ("DELETE", "_catalog", "GET, HEAD"),
    ("POST", "x/blobs/sha256:00", "GET, HEAD, DELETE"),
    ("PATCH", "x/manifests/1", "GET, HEAD, PUT, DELETE"),
    ("PUT", "x/blobs/uploads/", "POST"),
    ("POST", "{upload}", "GET, PATCH, PUT, DELETE"),
]


@pytest.mark.parametrize(("method", "path", "allowed"), ALLOWED)
def test_a_method_that_does_nothing_is_answered_with_those_that_do(our_account: Account, method, path, allowed):
    ours = Writable(our_account, "x")
    path = path.replace("{upload}", ours.begin().removeprefix("/v2/")) if "{" in path else path
    done = ours.ask(method, f"/v2/{path}")
    assert (done.status_code, done.headers["Allow"]) == (405, allowed)
    assert done.json()["errors"][0]["code"] == "UNSUPPORTED"


@pytest.mark.parametrize("words", ["DELETE /v2/x/blobs/uploads/00", "PATCH /v2/x/blobs/uploads/00"])
def test_without_the_password_nothing_is_taken(our_account: Account, words):
    method, path = words.split()
    assert requests.request(method, f"http://{our_account.address}{path}", data=b"x" * 99, timeout=5).status_code == 401


def test_one_upload_too_many_ends_the_one_that_waited_longest(our_account: Account, our_layout: Layout, monkeypatch):
    monkeypatch.setattr(uploads, "SESSIONS", 3)
    ours = Writable(our_account, "x")
    first, second, third = (ours.begin() for _ in range(3))
    ours.ask("PATCH", first, data=DATA)  # the second one has waited longest now
    ours.begin()
    assert [ours.ask("GET", place).status_code for place in (first, second, third)] == [204, 404, 204]
    assert ours.put(first, NAME).status_code == 201


def test_an_upload_that_is_being_sent_keeps_its_place(our_account: Account, monkeypatch):
    monkeypatch.setattr(uploads, "SESSIONS", 1)
    ours = Writable(our_account, "x")
    place = ours.begin()
    received, rest = threading.Event(), threading.Event()

    def slowly():
        yield DATA[:10]
        rest.wait(10)
        yield DATA[10:]

    def take(session, body):
        received.set()  # what was sent may lie in a socket until then
        return taking(session, body)

    taking = uploads._Session.take
    monkeypatch.setattr(uploads._Session, "take", take)

    with ThreadPoolExecutor() as pool:
        sending = pool.submit(ours.ask, "PATCH", place, data=slowly())
        assert received.wait(10)
        refused = ours.ask("POST", "/v2/x/blobs/uploads/")
        rest.set()
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, "TOOMANYREQUESTS")
        assert sending.result(10).status_code == 202
    assert ours.put(place, NAME).status_code == 201


def test_uploads_that_were_left_behind_end(our_account: Account, our_layout: Layout, monkeypatch):
    ours = Writable(our_account, "x")
    place = ours.begin()
    ours.ask("PATCH", place, data=bytes(1 << 20))
    monkeypatch.setattr(uploads, "IDLE_SECONDS", -1.0)
    ours.begin()
    assert ours.ask("GET", place).status_code == 404
    assert temporary(our_layout.path / "blobs" / "sha256") == []


def test_uploads_that_were_left_behind_end_with_the_registry(our_layout: Layout):
    endpoint = Endpoint.create()
    with RegistryServer(our_layout, endpoint, inbox=Inbox(our_layout)):
        account = Account(endpoint.address, endpoint.username, endpoint.password.reveal())
        ours = Writable(account, "x")
        ours.ask("PATCH", ours.begin(), data=bytes(1 << 20))
        assert len(temporary(our_layout.path / "blobs" / "sha256")) == 1
    assert temporary(our_layout.path / "blobs" / "sha256") == []


@pytest.mark.parametrize(
    "body",
    ["Transfer-Encoding: chunked\r\n\r\nzz\r\n", "Transfer-Encoding: gzip\r\n\r\n", "Content-Length: -5\r\n\r\n"],
)
def test_a_body_that_cannot_be_read_leaves_nothing(our_account: Account, our_layout: Layout, body):
    ours = Writable(our_account, "x")
    place = ours.begin()
    pair = base64.b64encode(f"{our_account.username}:{our_account.password}".encode()).decode()
    host, _, port = our_account.address.partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        head = f"PATCH {place} HTTP/1.1\r\nHost: {our_account.address}\r\nAuthorization: Basic {pair}\r\n"
        line.sendall((head + body).encode())
        assert line.recv(100)[:12] in {b"", b"HTTP/1.1 400"}
    assert ours.ask("GET", place).headers["Range"] == "0-0"
    assert our_layout.names() == {}


def test_after_a_break_ours_gets_only_the_rest(our_account: Account, our_layout: Layout, tmp_path: Path, monkeypatch):
    """Every fifth request fails; half of what was heard stays, and is not sent again."""
    monkeypatch.setattr(upload, "PIECE", 200_000)
    image = sample(tmp_path / "layout")[1]
    with flaky(our_account.address, seed=3) as line:
        registry = login(our_account._replace(address=line.address))
        registry._line.policy = PATIENT
        for number in range(6):
            push_image(image, Reference.parse(f"{line.address}/x{number}:1"), Reporter(), registry)
            for part in image.manifest.layers:
                our_layout.blob_path(part.digest).unlink()
        assert {"half heard", "answer lost"} <= set(line.faults)
        begun = line.begun
    blobs = len(image.manifest.layers) + 1
    # A blob of 15 pieces meets three faults; were it begun again each time, it would hardly ever end.
    assert begun < 6 * blobs * 2
