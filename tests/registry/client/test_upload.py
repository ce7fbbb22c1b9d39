"""Large blobs go up in pieces; after a break a registry gets the rest, not all of it again."""

import gzip
import itertools
import secrets
import threading
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_modelpack.delivery.pushed_layers import PushedLayers
from jupyter_modelpack.errors import Unavailable, Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import LAYER, LAYER_GZIP, Descriptor, Manifest, Platform
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.registry.client import upload
from jupyter_modelpack.registry.client.chunks import ahead, pieces
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.compress import compressed
from jupyter_modelpack.registry.client.retry import Policy
from jupyter_modelpack.registry.client.transfer import pull_image, push_image
from jupyter_modelpack.store.layout import Layout
from tests.registry.clients import login
from tests.registry.evil import Asked, Say, evil
from tests.registry.samples import layer, sample
from tests.services.registry import Account

PIECE = 1000
BLOB = layer(3, 8_000)
NAME = Descriptor.of(LAYER, BLOB)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "PIECE", PIECE)


class Sessions:
    """A registry that keeps uploads as the specification says; `fault` breaks some requests first."""

    def __init__(self, fault=lambda _asked: None) -> None:
        self.held: dict[str, bytes] = {}
        self.kept: dict[str, bytes] = {}
        self.received, self._fault = 0, fault

    def __call__(self, asked: Asked) -> Say | None:
        path, _, query = asked.path.partition("?")
        if asked.method == "HEAD" and "/blobs/" in path:
            return Say(200 if path.rpartition("/")[2] in self.kept else 404)
        if "/uploads/" not in path:
            return None
        if asked.method == "POST":
            self.held[f"{path}{len(self.held)}"] = b""
            return Say(202, headers={"Location": f"{path}{len(self.held) - 1}"})
        if path not in self.held:
            return Say(404)
        if asked.method == "GET":
            return Say(204, headers={"Range": f"0-{max(len(self.held[path]) - 1, 0)}", "Location": path})
        say = self._fault(asked)
        data = asked.body if say is None else asked.body[: len(asked.body) // 2]
        if asked.method == "PATCH":
            first = int(asked.headers["content-range"].partition("-")[0])
            if first != len(self.held[path]):
                return Say(416)
            self.held[path] += data
            self.received += len(data)
            return say or Say(202, headers={"Range": f"0-{len(self.held[path]) - 1}", "Location": path})
        whole = self.held.pop(path) + asked.body
        digest = query.partition("digest=")[2].replace("%3A", ":")
        self.kept[digest] = whole
        return Say(201) if Digest.of(whole) == digest else Say(400)


def put(server) -> None:
    """Send the blob in chunks that fit no piece."""
    chunks = [BLOB[at : at + 333] for at in range(0, len(BLOB), 333)]
    Registry(server.address, policy=Policy(tries=4, first=0.001)).put_blob("thing", NAME, lambda: chunks)


def test_in_pieces_it_arrives_whole():
    sessions = Sessions()
    with evil(sessions) as server:
        put(server)
        sent = [len(one.body) for one in server.asked if one.method == "PATCH"]
    assert sessions.kept == {NAME.digest: BLOB}
    assert sent == [PIECE] * (len(BLOB) // PIECE) + [len(BLOB) % PIECE]


@pytest.mark.parametrize("say", [Say(0, then="reset"), Say(503), Say(0, then="close")], ids=["reset", "503", "close"])
def test_after_a_break_only_the_rest_of_the_piece_is_sent(say):
    sessions = Sessions(lambda asked: say if asked.method == "PATCH" and asked.number == 3 else None)
    with evil(sessions) as server:
        put(server)
        sent = sum(len(one.body) for one in server.asked if one.method == "PATCH")
        begun = sum(one.method == "POST" for one in server.asked)
    assert sessions.kept == {NAME.digest: BLOB}
    assert begun == 1
    assert sent == len(BLOB) + PIECE // 2  # half a piece had arrived and was sent once
    assert sessions.received == len(BLOB)


def test_a_break_at_every_piece():
    broken: set[str] = set()

    def fault(asked: Asked) -> Say | None:
        where = asked.headers.get("content-range", "").partition("-")[2]
        if asked.method != "PATCH" or where in broken:
            return None
        broken.add(where)
        return Say(0, then="reset")

    sessions = Sessions(fault)
    with evil(sessions) as server:
        put(server)
    assert sessions.kept == {NAME.digest: BLOB}
    assert sessions.received == len(BLOB)
    assert len(broken) == len(BLOB) // PIECE + 1


def test_an_upload_that_was_forgotten_begins_anew():
    sessions = Sessions()

    def forgets(asked: Asked) -> Say | None:
        if asked.method == "PATCH" and len(sessions.held) == 1 and asked.number == 4:
            sessions.held.pop(asked.path)
            sessions.held["/gone"] = b""
        return sessions(asked)

    with evil(forgets) as server:
        put(server)
        assert sum(one.method == "POST" for one in server.asked) == 2
    assert sessions.kept == {NAME.digest: BLOB}


def test_a_last_answer_that_got_lost_is_not_waited_for():
    sessions = Sessions()

    def mute(asked: Asked) -> Say | None:
        say = sessions(asked)
        return Say(0, then="reset") if asked.method == "PUT" and "/uploads/" in asked.path else say

    with evil(mute) as server:
        put(server)
        assert sum(one.method == "POST" for one in server.asked) == 1
    assert sessions.kept == {NAME.digest: BLOB}


LIES = {
    "more than was sent": ("PATCH", Say(202, headers={"Range": "0-999999", "Location": "/v2/x/blobs/uploads/1"})),
    "less than was there": ("PATCH", Say(202, headers={"Range": "0-3", "Location": "/v2/x/blobs/uploads/1"})),
    "no range at all": ("PATCH", Say(202, headers={"Range": "lots", "Location": "/v2/x/blobs/uploads/1"})),
    "another host": ("PATCH", Say(202, headers={"Location": "http://127.0.0.2:9/x"})),
    "never this piece": ("PATCH", Say(416)),
    "never any upload": ("PATCH", Say(404)),
    "a redirect": ("PATCH", Say(307, headers={"Location": "http://127.0.0.2:9/x"})),
    "a status of its own": ("PATCH", Say(299)),
    "another digest": ("PUT", Say(400)),
    "gone at the end": ("PUT", Say(404)),
}


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_lies_about_an_upload(lie):
    method, say = LIES[lie]
    sessions = Sessions()
    with evil(lambda asked: say if asked.method == method else sessions(asked)) as server:
        with pytest.raises((Unavailable, Untrusted)):
            put(server)
        assert len(server.asked) < 100
        assert not any(b"127.0.0.2" in one.body for one in server.asked)


def test_the_real_registry_takes_pieces(cncf_registry: Account):
    registry, repository = login(cncf_registry), f"pieces/{secrets.token_hex(4)}"
    registry.put_blob(repository, NAME, lambda: [BLOB])
    with registry.open_blob(repository, NAME) as stream:
        assert stream.read() == BLOB
    digest, size = registry.put_stream(repository, "a layer", lambda: compressed([BLOB]))
    with registry.open_blob(repository, Descriptor(LAYER_GZIP, digest, size)) as stream:
        assert gzip.decompress(stream.read()) == BLOB


def test_pieces_lose_nothing():
    for size in (1, 7, 333, len(BLOB), len(BLOB) + 1):
        assert b"".join(pieces([BLOB[:100], b"", BLOB[100:]], size)) == BLOB
    assert list(pieces([], 10)) == [b""]


def test_the_next_piece_is_made_while_one_is_dealt_with():
    second = threading.Event()

    def made():
        yield b"1"
        second.set()
        yield b"2"

    stream = ahead(made())
    assert next(stream) == b"1"
    assert second.wait(10), "nobody asked for the second one, and it is being made"
    assert list(stream) == [b"2"]


def test_what_breaks_while_a_piece_is_made_is_told_in_its_place():
    def made():
        yield b"1"
        raise ValueError

    stream = ahead(made())
    assert next(stream) == b"1"
    with pytest.raises(ValueError):
        next(stream)


def test_pieces_that_are_not_wanted_any_more_end_what_makes_them():
    closed = threading.Event()

    def made():
        try:
            yield from (b"%d" % number for number in itertools.count())
        finally:
            closed.set()

    with closing(ahead(made())) as stream:
        next(stream)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("modelpack-ahead")]
    assert closed.wait(10)


def test_compression_is_the_same_however_it_is_cut():
    one = b"".join(compressed([BLOB]))
    assert b"".join(compressed([BLOB])) == one
    assert one[4:8] == b"\0\0\0\0", "no time in it"


class Counting(Registry):
    """Counts what crosses the line."""

    def __init__(self, account: Account) -> None:
        known = login(account)
        super().__init__(account.address)
        self._line = known._line
        self.asked: list[str] = []
        send = self._line.transport.send

        def counted(method, url, headers, body=None):
            self.asked.append(method)
            return send(method, url, headers, body)

        self._line.transport.send = counted


def test_layers_are_compressed_once_and_then_only_asked_for(
    cncf_registry: Account, tmp_path: Path, home: Path, monkeypatch
):
    monkeypatch.setattr(upload, "PIECE", 1_000_000)
    _layout, image = sample(tmp_path / "layout")
    place = f"{cncf_registry.address}/compressed/{secrets.token_hex(4)}"
    first, again, other = (Counting(cncf_registry) for _ in range(3))
    digest = push_image(image, Reference.parse(f"{place}:1"), Reporter(), first, memory=PushedLayers())
    _, raw = first.manifest(place.partition("/")[2], "1")
    sent = Reference.parse(f"{place}:1")
    manifest = Manifest.from_bytes(raw)
    assert manifest.config == image.manifest.config, "the same image by its id"
    assert {part.media_type for part in manifest.layers} == {LAYER_GZIP}
    assert digest == Digest.of(raw) != image.digest
    pulled = pull_image(sent, Layout.create(tmp_path / "pulled"), Platform(), Reporter(), login(cncf_registry))
    plain = [gzip.decompress(pulled.blobs.open_blob(part).read()) for part in pulled.manifest.layers]
    assert [Digest.of(data) for data in plain] == image.diff_ids()

    assert push_image(image, sent, Reporter(), again, memory=PushedLayers()) == digest
    assert set(again.asked) == {"HEAD", "PUT"}
    assert again.asked.count("PUT") == 1

    # Another repository of the same registry takes the blobs over: nothing is sent.
    beside = Reference.parse(f"{place}-beside:1")
    assert push_image(image, beside, Reporter(), other, memory=PushedLayers()) == digest
    assert "PATCH" not in other.asked
    assert other.asked.count("PUT") == 1
    assert other.asked.count("POST") == len(manifest.layers) + 1


def test_a_damaged_note_is_no_note(cncf_registry: Account, tmp_path: Path, home: Path, monkeypatch):
    monkeypatch.setattr(upload, "PIECE", 1_000_000)
    _layout, image = sample(tmp_path / "layout")
    place = Reference.parse(f"{cncf_registry.address}/notes/{secrets.token_hex(4)}:1")
    digest = push_image(image, place, Reporter(), login(cncf_registry), memory=PushedLayers())
    for note, text in zip((home / "cache/shipped").iterdir(), ("{", "[]", '{"digest": 1, "places": 2}'), strict=True):
        note.write_text(text)
    assert push_image(image, place, Reporter(), login(cncf_registry), memory=PushedLayers()) == digest
