"""What the distribution specification asks of clients: pages, warnings, sizes of pieces, places that have moved."""

import json

import pytest

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.events import Log, Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.redact import Secret
from jupyter_modelpack.registry.client import client, upload
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from tests.registry.clients import QUICK
from tests.registry.evil import BLOB, IMAGE, Asked, Evil, Say, evil


def connect(server: Evil) -> Registry:
    return Registry(server.address, credentials=RegistryCredentials("someone", Secret("pass-word")), policy=QUICK)


def tag_page(*tags: str, link: str = "") -> Say:
    return Say(200, json.dumps({"name": "x", "tags": tags}).encode(), {"Link": link} if link else {})


LINKS = [
    '</v2/x/tags/list?n=2&last=b>; rel="next"',
    '<list?n=2&last=b>; rel="next"',
    '<http://{}/v2/x/tags/list?n=2&last=b>; rel="next"',
    '<http://other.example/>; rel="prev", </v2/x/tags/list?n=2&last=b>; title="a"; rel=next',
]


@pytest.mark.parametrize("link", LINKS)
def test_all_pages_of_tags_are_read(link):
    def lie(asked: Asked) -> Say | None:
        if asked.path == "/v2/x/tags/list":
            return tag_page("b", "a", link=link.format(server.address))
        return tag_page("c") if asked.path == "/v2/x/tags/list?n=2&last=b" else None

    with evil(lie) as server:
        assert connect(server).tags("x") == ["a", "b", "c"]


def test_a_page_that_lies_elsewhere_is_not_asked_for():
    with evil(lambda _asked: Say(500)) as other:
        link = f'<http://{other.address}/v2/x/tags/list?last=a>; rel="next"'
        with evil(lambda _asked: tag_page("a", link=link)) as server, pytest.raises(Untrusted, match="elsewhere"):
            connect(server).tags("x")
        assert other.asked == []


def test_pages_without_an_end(monkeypatch):
    monkeypatch.setattr(client, "PAGES", 5)
    with (
        evil(lambda _asked: tag_page("a", link='</v2/x/tags/list>; rel="next"')) as server,
        pytest.raises(Untrusted, match="no end"),
    ):
        connect(server).tags("x")
    assert len(server.asked) == 5
    monkeypatch.setattr(client, "TAGS", 2)
    with (
        evil(lambda one: tag_page(*"abc", link=f'</v2/x/tags/list?last={one.number}>; rel="next"')) as server,
        pytest.raises(Untrusted, match="no end"),
    ):
        connect(server).tags("x")
    assert len(server.asked) == 1


def test_warnings_are_shown_once_and_change_nothing():
    said = '299 - "This image is \\"old\\"\x1b[31m.", 299 - "Second.", 199 - "Not for us."'
    events = []
    with evil(lambda _asked: tag_page("a") and Say(200, b'{"tags": ["a"]}', {"Warning": said})) as server:
        registry, report = connect(server), Reporter(events.append)
        assert registry.tags("x", report) == registry.tags("x", report) == ["a"]
    shown = sorted(event.text for event in events if isinstance(event, Log))
    assert shown == [f"{server.address} says: Second.", f'{server.address} says: This image is "old" [31m.']


@pytest.mark.parametrize("total", ["*", str(len(BLOB))])
def test_a_download_goes_on_whether_or_not_its_size_is_said_again(total):
    half, begun = 3 * len(BLOB) // 4, []

    def lie(asked: Asked) -> Say | None:
        if "/blobs/" not in asked.path:
            return None
        if not asked.number:
            return Say(200, BLOB[:half], {}, len(BLOB), "close")
        begin = int(asked.headers["range"][6:-1])
        begun.append(begin)
        return Say(206, BLOB[begin:], {"Content-Range": f"bytes {begin}-{len(BLOB) - 1}/{total}"})

    with evil(lie) as server, connect(server).open_blob("x", IMAGE.layers[0]) as stream:
        assert stream.read() == BLOB
    assert len(begun) == 1
    assert 0 < begun[0] <= half


@pytest.mark.parametrize(("least", "sizes"), [("", [100, 100, 50]), ("120", [120, 120, 10]), ("many", [100, 100, 50])])
def test_pieces_are_as_large_as_the_registry_wants_them(monkeypatch, least, sizes):
    monkeypatch.setattr(upload, "PIECE", 100)
    data, got = bytes(250), []

    def lie(asked: Asked) -> Say | None:
        place = {"Location": "/v2/x/blobs/uploads/1"}
        if asked.method == "POST":
            return Say(202, headers={**place, **({"OCI-Chunk-Min-Length": least} if least else {})})
        if asked.method == "PATCH":
            got.append(len(asked.body))
            return Say(202, headers={**place, "Range": f"0-{sum(got) - 1}"})
        return Say(404) if asked.method == "HEAD" else None

    with evil(lie) as server:
        connect(server).put_blob("x", Descriptor.of(LAYER, data), lambda: [data])
    assert got == sizes


def test_pieces_that_would_not_fit_into_memory():
    answer = Say(202, headers={"Location": "/v2/x/blobs/uploads/1", "OCI-Chunk-Min-Length": str(1 << 40)})
    with (
        evil(lambda asked: answer if asked.method == "POST" else None) as server,
        pytest.raises(Untrusted, match="wants pieces"),
    ):
        connect(server).put_blob("x", Descriptor.of(LAYER, b"abc"), lambda: [b"abc"])


@pytest.mark.parametrize("status", [307, 308])
def test_what_is_written_follows_within_the_registry(status):
    data, arrived = b"some bytes", {}

    def lie(asked: Asked) -> Say | None:
        if asked.method in {"HEAD", "GET"}:
            return None
        if not asked.path.startswith("/moved"):
            return Say(status, headers={"Location": f"/moved{asked.path}"})
        arrived[asked.method] = asked.body
        return Say(202, headers={"Location": "/v2/x/blobs/uploads/1"}) if asked.method == "POST" else Say(201)

    with evil(lie) as server:
        connect(server).put_blob("x", Descriptor.of(LAYER, data), lambda: [data])
    assert arrived == {"POST": b"", "PUT": data}


def test_what_is_written_does_not_follow_elsewhere():
    with evil(lambda _asked: Say(201)) as other:
        moved = Say(307, headers={"Location": f"http://{other.address}/v2/x/manifests/1"})
        with (
            evil(lambda asked: moved if asked.method == "PUT" else None) as server,
            pytest.raises(Untrusted, match="elsewhere"),
        ):
            connect(server).put_manifest("x", "1", Descriptor.of(LAYER, b"{}"), b"{}")
        assert other.asked == []


def test_what_is_written_does_not_follow_for_ever():
    moved = Say(307, headers={"Location": "/v2/x/manifests/1"})
    with (
        evil(lambda asked: moved if asked.method == "PUT" else None) as server,
        pytest.raises(Untrusted, match="redirects more than"),
    ):
        connect(server).put_manifest("x", "1", Descriptor.of(LAYER, b"{}"), b"{}")


def test_a_read_that_is_sent_elsewhere_takes_no_password_along():
    with evil(lambda _asked: Say(200, BLOB)) as other:

        def lie(asked: Asked) -> Say:
            if "authorization" not in asked.headers:
                return Say(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
            return Say(307, headers={"Location": f"http://{other.address}/b"})

        with evil(lie) as server, connect(server).open_blob("x", IMAGE.layers[0]) as stream:
            assert Digest.of(stream.read()) == IMAGE.layers[0].digest
        assert "authorization" in server.asked[-1].headers
        assert "authorization" not in other.asked[0].headers
