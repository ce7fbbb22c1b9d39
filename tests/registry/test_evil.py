"""Every lie of a registry ends in a named error, nothing of it in the store, no password elsewhere."""

import base64
import json
import threading
import time
from pathlib import Path

import pytest

from jupyter_modelpack.errors import Cancelled, Denied, ModelpackError, NotFound, Unavailable, Untrusted
from jupyter_modelpack.events import Progress, Reporter
from jupyter_modelpack.limits import INDEX_NESTING, LAYERS, MANIFEST_BYTES, REDIRECTS
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import CONFIG, INDEX, LAYER, MANIFEST, Descriptor, Platform, canonical
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.redact import Secret
from jupyter_modelpack.registry.client import Registry
from jupyter_modelpack.registry.credentials import Credentials
from jupyter_modelpack.registry.retry import Policy
from jupyter_modelpack.registry.transfer import pull_image, push_image
from jupyter_modelpack.store.layout import Layout
from tests.registry.evil import BLOB, IMAGE, RAW, Asked, Evil, Lie, Say, as_blob, as_manifest, evil, manifest, partial
from tests.registry.samples import sample

PASSWORD = "s3cret-Passw0rd"
QUICK = Policy(tries=3, first=0.01)
LAYER_DIGEST = IMAGE.layers[0].digest
ZERO = "sha256:" + "0" * 64


def registry(server: Evil, policy: Policy = QUICK) -> Registry:
    return Registry(server.address, credentials=Credentials("user", Secret(PASSWORD)), policy=policy)


def pull(server: Evil, sink: Layout, tag: str = "1", report: Reporter | None = None) -> Image:
    name = Reference.parse(f"{server.address}/thing:{tag}")
    return pull_image(name, sink, Platform(), report or Reporter(), registry(server))


@pytest.fixture
def sink(tmp_path: Path) -> Layout:
    return Layout.create(tmp_path / "sink")


def files(sink: Layout) -> set[str]:
    return {path.name for path in (sink.path / "blobs/sha256").iterdir()}


def descriptor(**changes) -> dict:
    return {**Descriptor.of(LAYER, BLOB).to_json(), **changes}


def index(*entries: dict, **more) -> bytes:
    return canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries), **more})


def entry(raw: bytes, media_type: str = MANIFEST, **changes) -> dict:
    return {
        **Descriptor.of(media_type, raw, {}).to_json(),
        "platform": {"os": "linux", "architecture": "amd64"},
        **changes,
    }


def endless_indexes(asked: Asked) -> Say | None:
    """Each index names another one that exists: its own bytes decide its digest, so make them on the way."""
    if "/manifests/" not in asked.path:
        return None
    chain = [index(entry(RAW))]
    for _ in range(INDEX_NESTING + 2):
        chain.append(index(entry(chain[-1], INDEX)))
    named = {Digest.of(raw): raw for raw in chain}
    return Say(200, named.get(asked.path.rpartition("/")[2], chain[-1]), {"Content-Type": INDEX})


def redirect_to(target: str) -> Lie:
    return as_blob(lambda _asked: Say(307, headers={"Location": target}))


def challenge(value: str) -> Lie:
    return lambda asked: None if "authorization" in asked.headers else Say(401, headers={"WWW-Authenticate": value})


MANIFEST_LIES = {
    "another manifest than its digest header": as_manifest(
        manifest(annotations={"a": "b"}), **{"Docker-Content-Digest": ZERO}
    ),
    "a digest header that is a path": as_manifest(RAW, **{"Docker-Content-Digest": "sha256:../../../etc/passwd"}),
    "a digest header of another algorithm": as_manifest(RAW, **{"Docker-Content-Digest": "md5:" + "0" * 32}),
    "a manifest too large": as_manifest(manifest(annotations={"a": "b" * MANIFEST_BYTES})),
    "an endless manifest": lambda asked: (
        Say(200, RAW, {"Content-Type": MANIFEST}, None, "endless") if "/manifests/" in asked.path else None
    ),
    "no JSON": as_manifest(b"<html>"),
    "JSON, but no object": as_manifest(b"[]"),
    "deep JSON": as_manifest(b"[" * 100_000),
    "not UTF-8": as_manifest(b'{"a": "\xff"}'),
    "a web page": as_manifest(RAW, "text/html"),
    "no content type": as_manifest(RAW, ""),
    "schema 1": as_manifest(b'{"schemaVersion": 1}', "application/vnd.docker.distribution.manifest.v1+prettyjws"),
    "schema 1 in disguise": as_manifest(manifest(schemaVersion=1)),
    "another type inside than outside": as_manifest(manifest(mediaType=INDEX)),
    "an index announced as a manifest": as_manifest(index(entry(RAW), mediaType=MANIFEST)),
    "both layers and manifests": as_manifest(manifest(manifests=[entry(RAW)])),
    "an index with layers": as_manifest(index(entry(RAW), layers=[descriptor()]), INDEX),
    "an unknown type": as_manifest(manifest(mediaType=None), "application/x-evil"),
    "no config": as_manifest(manifest(config=None)),
    "no layers": as_manifest(manifest(layers=None)),
    "layers that are no list": as_manifest(manifest(layers={"0": descriptor()})),
    "too many layers": as_manifest(manifest(layers=[descriptor()] * (LAYERS + 1))),
    "a layer of negative size": as_manifest(manifest(layers=[descriptor(size=-1)])),
    "a layer of huge size": as_manifest(manifest(layers=[descriptor(size=1 << 63)])),
    "a layer of size true": as_manifest(manifest(layers=[descriptor(size=True)])),
    "a layer of size text": as_manifest(manifest(layers=[descriptor(size="1")])),
    "a layer of no type": as_manifest(manifest(layers=[descriptor(mediaType="")])),
    "a layer whose digest climbs": as_manifest(manifest(layers=[descriptor(digest="sha256:../../index.json")])),
    "a layer whose digest is upper case": as_manifest(manifest(layers=[descriptor(digest="sha256:" + "A" * 64)])),
    "a layer whose digest has a line end": as_manifest(manifest(layers=[descriptor(digest=LAYER_DIGEST + "\n")])),
    "a layer of sha512": as_manifest(manifest(layers=[descriptor(digest="sha512:" + "0" * 128)])),
    "a config of 1 GB": as_manifest(manifest(config={**descriptor(mediaType=CONFIG), "size": 1 << 30})),
    "an index that never ends": endless_indexes,
    "an index of other platforms": as_manifest(
        index(entry(RAW, platform={"os": "plan9", "architecture": "mips"})), INDEX
    ),
    "an index that lies about the size": as_manifest(index(entry(RAW, size=1 << 40)), INDEX),
    "an index that lists nothing": as_manifest(index(), INDEX),
}


@pytest.mark.parametrize("lie", MANIFEST_LIES.values(), ids=MANIFEST_LIES)
def test_lies_about_the_manifest(sink: Layout, lie: Lie):
    with evil(lie) as server, pytest.raises(Untrusted):
        pull(server, sink)
    assert files(sink) == set()


def test_an_index_whose_entry_is_of_another_size(sink: Layout):
    def lie(asked: Asked) -> Say | None:
        top = index(entry(RAW, size=len(RAW) - 1))
        return Say(200, top, {"Content-Type": INDEX}) if asked.path.endswith("/manifests/1") else None

    with evil(lie) as server, pytest.raises(Untrusted, match=f"has {len(RAW)} bytes, not"):
        pull(server, sink)


def test_a_manifest_that_is_not_the_one_asked_for_by_digest(sink: Layout):
    with evil(as_manifest(RAW)) as server:
        name = Reference.parse(f"{server.address}/thing@{ZERO}")
        with pytest.raises(Untrusted, match=f"its digest is {Digest.of(RAW)}, not {ZERO}"):
            pull_image(name, sink, Platform(), Reporter(), registry(server))
    assert files(sink) == set()


FLIPPED = bytes([BLOB[0] ^ 1]) + BLOB[1:]
BLOB_LIES = {
    "other bytes": as_blob(lambda _asked: Say(200, FLIPPED)),
    "other bytes at the end": as_blob(lambda _asked: Say(200, BLOB[:-1] + b"?")),
    "fewer bytes": as_blob(lambda _asked: Say(200, BLOB[:-1])),
    "more bytes": as_blob(lambda _asked: Say(200, BLOB + b"!")),
    "no bytes": as_blob(lambda _asked: Say(200, b"")),
    "more bytes, not announced": as_blob(lambda _asked: Say(200, BLOB + b"!", length=None)),
    "bytes without end": as_blob(lambda _asked: Say(200, BLOB, length=None, then="endless")),
    "a length that is another": as_blob(lambda _asked: Say(200, BLOB, length=len(BLOB) + 7)),
    "a length that is no number": as_blob(lambda _asked: Say(200, BLOB, {"Content-Length": "many"}, None)),
    "compressed on the way": as_blob(lambda _asked: Say(200, b"\x1f\x8b" * 100, {"Content-Encoding": "gzip"})),
    "a part nobody asked for": as_blob(
        lambda _asked: Say(206, BLOB[5:], {"Content-Range": f"bytes 5-{len(BLOB) - 1}/{len(BLOB)}"})
    ),
    "a redirect to nowhere": redirect_to(""),
    "a redirect to a file": redirect_to("file:///etc/passwd"),
    "a redirect to another protocol": redirect_to("ftp://127.0.0.1/x"),
    "a redirect with a user name in it": redirect_to("http://user@127.0.0.1/x"),
    "a redirect to a port that is none": redirect_to("http://127.0.0.1:99999/x"),
    "a redirect to itself": lambda asked: (
        Say(307, headers={"Location": asked.path}) if "/blobs/" in asked.path else None
    ),
}


@pytest.mark.parametrize("lie", BLOB_LIES.values(), ids=BLOB_LIES)
def test_lies_about_a_blob(sink: Layout, lie: Lie):
    with evil(lie) as server, pytest.raises(Untrusted):
        pull(server, sink)
    assert files(sink) <= {IMAGE.config.digest.hex}


def test_a_truncated_blob_without_length_is_asked_for_again_then_given_up(sink: Layout):
    with evil(as_blob(lambda _asked: Say(200, BLOB[:1000], length=None))) as server:
        with pytest.raises(Unavailable, match=f"failed 3 times: the connection ended after 1000 of {len(BLOB)}"):
            pull(server, sink)
        assert files(sink) <= {IMAGE.config.digest.hex}


def test_redirects_are_counted(sink: Layout):
    hops = []

    def lie(asked: Asked) -> Say | None:
        if "/blobs/" not in asked.path:
            return None
        hops.append(asked.path)
        return Say(302, headers={"Location": f"/v2/thing/blobs/{len(hops)}"})

    with evil(lie) as server, pytest.raises(Untrusted, match=f"more than {REDIRECTS} times"):
        registry(server).has_blob("thing", LAYER_DIGEST)
    assert len(hops) == REDIRECTS + 1


STATUSES = [
    (401, Denied),
    (403, Denied),
    (404, NotFound),
    (400, Unavailable),
    (405, Unavailable),
    (410, Unavailable),
    (418, Unavailable),
    (204, Unavailable),
    (500, Unavailable),
    (503, Unavailable),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_each_refusal_is_an_error_of_ours(sink: Layout, status, kind):
    body = json.dumps({"errors": [{"code": "OOPS", "message": "\x1b[31mred\u202e \n tape"}]}).encode()
    with evil(lambda _asked: Say(status, body if status != 204 else b"")) as server, pytest.raises(kind) as caught:
        pull(server, sink)
    assert type(caught.value) is kind
    assert caught.value.message.isprintable()
    assert files(sink) == set()


def test_an_endless_error_is_not_read_to_its_end(sink: Layout):
    with evil(lambda _asked: Say(404, b"{", length=None, then="endless")) as server, pytest.raises(ModelpackError):
        pull(server, sink)


# --- what passes: asked again ---


def flaky(failures: int, say: Say) -> Lie:
    """Fail the first requests for each thing."""
    return lambda asked: say if asked.number < failures else None


PASSING = {
    "429 with Retry-After": Say(429, headers={"Retry-After": "0"}),
    "503": Say(503),
    "500": Say(500),
    "502": Say(502),
    "408": Say(408),
    "a date long past": Say(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    "Retry-After nonsense": Say(503, headers={"Retry-After": "soon"}),
    "a reset after the headers": Say(200, b"", length=None, then="reset"),
    "a reset before the headers": Say(0, then="reset"),
    "a hang-up before the headers": Say(0, then="close"),
}


@pytest.mark.parametrize("say", PASSING.values(), ids=PASSING)
def test_what_passes_is_asked_again(sink: Layout, say: Say):
    with evil(flaky(2, say)) as server:
        image = pull(server, sink)
    assert files(sink) == {part.digest.hex for part in (image.descriptor, IMAGE.config, *IMAGE.layers)}


def test_what_does_not_pass_is_given_up_with_a_count(sink: Layout):
    with evil(flaky(99, Say(503))) as server:
        with pytest.raises(Unavailable, match="failed 3 times: it answered 503") as caught:
            pull(server, sink)
        assert len(server.asked) == 3
    assert caught.value.retry


def test_a_long_retry_after_is_handed_to_the_user(sink: Layout):
    with evil(flaky(99, Say(429, headers={"Retry-After": "3600"}))) as server:
        with pytest.raises(Unavailable, match=r"failed once: .*asks to wait 3600 seconds"):
            pull(server, sink)
        assert len(server.asked) == 1


def test_waiting_is_ended_by_cancel(sink: Layout):
    report = Reporter()
    began = time.monotonic()
    with evil(flaky(99, Say(503, headers={"Retry-After": "30"}))) as server:
        threading.Timer(0.2, report.cancel).start()
        with pytest.raises(Cancelled):
            pull(server, sink, report=report)
    assert time.monotonic() - began < 5


BREAKS = [1, 1000, len(BLOB) // 2, len(BLOB) - 1]


@pytest.mark.parametrize("then", ["reset", ""])
@pytest.mark.parametrize("after", BREAKS)
def test_a_broken_blob_is_taken_up_where_it_broke(sink: Layout, after, then):
    def lie(asked: Asked) -> Say | None:
        if asked.number:
            return None
        return Say(200, BLOB[:after], length=None if then == "" else len(BLOB), then=then)

    events: list[Progress] = []
    with evil(as_blob(lie)) as server:
        pull(server, sink, report=Reporter(events.append))
        asked = [one for one in server.asked if one.path.endswith(LAYER_DIGEST)]
    assert len(asked) == 2
    # A reset may swallow bytes that were under way; what arrived is not asked for again.
    first = int(asked[1].headers.get("range", "bytes=0-")[len("bytes=") : -1])
    assert first == after if then == "" else first <= after
    done = [event.done for event in events]
    assert done == sorted(done)
    assert done[-1] == events[-1].total


def test_a_server_without_ranges_sends_all_again(sink: Layout):
    def lie(asked: Asked) -> Say:
        return Say(200, BLOB) if asked.number else Say(200, BLOB[:100_000], length=None)

    with evil(as_blob(lie)) as server:
        pull(server, sink)
    assert LAYER_DIGEST.hex in files(sink)


@pytest.mark.parametrize("shift", [-1, 1])
def test_another_range_than_asked_for_is_not_taken(sink: Layout, shift):
    def lie(asked: Asked) -> Say:
        if not asked.number:
            return Say(200, BLOB[:100_000], length=None)
        first = 100_000 + shift
        return Say(206, BLOB[first:], {"Content-Range": f"bytes {first}-{len(BLOB) - 1}/{len(BLOB)}"})

    with evil(as_blob(lie)) as server, pytest.raises(Untrusted, match="another part"):
        pull(server, sink)


def test_a_blob_in_ever_smaller_pieces_is_given_up(sink: Layout):
    def lie(asked: Asked) -> Say:
        whole = partial(BLOB, asked)
        return Say(whole.status, whole.body[:10], whole.headers, None)

    with evil(as_blob(lie)) as server, pytest.raises(Unavailable, match="failed 3 times"):
        pull(server, sink)


def test_silence_mid_blob_is_not_waited_for_for_ever(sink: Layout, monkeypatch):
    monkeypatch.setattr("jupyter_modelpack.registry.transport.READ_SECONDS", 0.2)

    def lie(asked: Asked) -> Say | None:
        return None if asked.number else Say(200, BLOB[:1000], length=len(BLOB), then="stall")

    with evil(as_blob(lie)) as server:
        pull(server, sink)
    assert LAYER_DIGEST.hex in files(sink)


def test_cancel_while_nothing_arrives(sink: Layout):
    report = Reporter()
    began = time.monotonic()
    with evil(as_blob(lambda _asked: Say(200, BLOB[:1000], length=len(BLOB), then="stall"))) as server:
        threading.Timer(0.3, report.cancel).start()
        with pytest.raises(Cancelled):
            pull(server, sink, report=report)
    assert time.monotonic() - began < 5
    assert files(sink) <= {IMAGE.config.digest.hex}


# --- passwords ---

BASIC = 'Basic realm="x"'


def secret_bytes() -> list[bytes]:
    pair = base64.b64encode(f"user:{PASSWORD}".encode())
    return [PASSWORD.encode(), pair, b"authorization", b"Bearer", b"Basic"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_a_redirect_elsewhere_carries_no_password(sink: Layout, host):
    with evil(lambda _asked: None, host) as second:

        def lie(asked: Asked) -> Say | None:
            if "authorization" not in asked.headers:
                return Say(401, headers={"WWW-Authenticate": BASIC})
            return (
                Say(307, headers={"Location": f"http://{second.address}{asked.path}"})
                if "/blobs/" in asked.path
                else None
            )

        with evil(lie) as first:
            pull(first, sink)
        assert PASSWORD.encode() not in first.heard
        assert base64.b64encode(f"user:{PASSWORD}".encode()) in first.heard
    assert second.asked
    for secret in secret_bytes():
        assert secret.lower() not in second.heard.lower()


def test_a_redirected_host_that_asks_for_a_password_gets_none(sink: Layout):
    with evil(challenge(BASIC)) as second:
        with evil(redirect_to(f"http://{second.address}/x")) as first, pytest.raises(Denied):
            pull(first, sink)
        for secret in secret_bytes():
            assert secret.lower() not in second.heard.lower()


REALMS = [
    "https://tokens.example.invalid/token",
    "http://tokens.example.invalid/token",
    "https://user@tokens.example.invalid/token",
    "file:///etc/passwd",
    "token",
    "",
]


@pytest.mark.parametrize("realm", REALMS)
def test_a_foreign_realm_is_not_asked(sink: Layout, realm):
    with evil(challenge(f'Bearer realm="{realm}",service="x"')) as server, pytest.raises(Untrusted):
        pull(server, sink)


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.2:9/upload", "https://127.0.0.1/upload", "//evil.invalid/upload", "file:///tmp/x", "ftp:x"],
)
def test_a_foreign_upload_location_is_not_used(tmp_path: Path, location):
    _layout, image = sample(tmp_path / "layout")

    def lie(asked: Asked) -> Say | None:
        return Say(202, headers={"Location": location}) if asked.method == "POST" else None

    with evil(lie) as server, pytest.raises(Untrusted):
        push_image(image, Reference.parse(f"{server.address}/thing:1"), Reporter(), registry(server))


def bearer(asked: Asked, **token) -> Say | None:
    """A registry that wants a token and gives it itself."""
    if asked.path.startswith("/token"):
        return Say(200, json.dumps(token or {"token": "t0ken"}).encode())
    if asked.headers.get("authorization") == "Bearer t0ken":
        return None
    realm = f"http://{asked.headers['host']}/token?a=b"
    return Say(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="the service"'})


@pytest.mark.parametrize("token", [{"token": "t0ken"}, {"access_token": "t0ken"}])
def test_a_token_is_fetched_and_used(sink: Layout, token):
    with evil(lambda asked: bearer(asked, **token)) as server:
        pull(server, sink)
        asked = [one for one in server.asked if one.path.startswith("/token")]
    assert len(asked) == 1
    assert asked[0].path == "/token?a=b&service=the+service&scope=repository%3Athing%3Apull"
    pair = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    assert asked[0].headers["authorization"] == f"Basic {pair}"


def test_pushing_asks_for_the_right_to_push(tmp_path: Path):
    _layout, image = sample(tmp_path / "layout")
    with evil(bearer) as server:
        name = Reference.parse(f"{server.address}/thing:1")
        push_image(image, name, Reporter(), registry(server), mount_from="other")
        scopes = {one.path.partition("&scope=")[2] for one in server.asked if one.path.startswith("/token")}
    both = "repository%3Athing%3Apull%2Cpush"
    assert scopes == {both, f"{both}&scope=repository%3Aother%3Apull"}


def test_an_identity_token_is_exchanged(sink: Layout):
    with evil(bearer) as server:
        credentials = Credentials("", Secret(""), Secret("identity-t0ken"))
        name = Reference.parse(f"{server.address}/thing:1")
        pull_image(name, sink, Platform(), Reporter(), Registry(server.address, credentials=credentials))
        asked = next(one for one in server.asked if one.path.startswith("/token"))
    assert asked.method == "POST"
    assert b"grant_type=refresh_token" in asked.body
    assert b"refresh_token=identity-t0ken" in asked.body


def test_an_expired_token_is_renewed_during_an_upload(tmp_path: Path):
    _layout, image = sample(tmp_path / "layout")
    given = []

    def lie(asked: Asked) -> Say | None:
        if asked.path.startswith("/token"):
            given.append(f"t{len(given)}")
            return Say(200, json.dumps({"token": given[-1]}).encode())
        expired = asked.method == "PUT" and "/uploads/" in asked.path and asked.headers["authorization"] == "Bearer t0"
        if asked.headers.get("authorization", "").removeprefix("Bearer ") in given and not expired:
            return None
        realm = f"http://{asked.headers['host']}/token"
        return Say(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}"'})

    with evil(lie) as server:
        push_image(image, Reference.parse(f"{server.address}/thing:1"), Reporter(), registry(server))
        uploads = [one for one in server.asked if one.method == "PUT" and "/uploads/" in one.path]
    assert {Digest.of(one.body) for one in uploads if one.headers["authorization"] != "Bearer t0"} == {
        image.manifest.config.digest,
        *(part.digest for part in image.manifest.layers),
    }


TOKENS = {
    "no JSON": Say(200, b"<html>"),
    "a list": Say(200, b"[]"),
    "no token": Say(200, b"{}"),
    "a token that is a number": Say(200, b'{"token": 7}'),
    "a token with a line end": Say(200, b'{"token": "a\\r\\nX-Evil: b"}'),
    "too large": Say(200, b'{"token": "' + b"a" * 100_000 + b'"}'),
    "endless": Say(200, b"{", length=None, then="endless"),
    "forbidden": Say(403),
    "not found": Say(404),
    "elsewhere": Say(302, headers={"Location": "http://127.0.0.2:9/token"}),
}


@pytest.mark.parametrize("say", TOKENS.values(), ids=TOKENS)
def test_a_bad_token_server(sink: Layout, say: Say):
    with evil(lambda asked: say if asked.path.startswith("/token") else bearer(asked)) as server:
        with pytest.raises((Untrusted, Denied, Unavailable)) as caught:
            pull(server, sink)
        assert len([one for one in server.asked if one.path.startswith("/token")]) == 1
    assert PASSWORD not in str(caught.value)


def test_layer_urls_are_never_fetched(sink: Layout):
    with evil(lambda _asked: None) as second:
        lying = manifest(layers=[descriptor(urls=[f"http://{second.address}/layer"])])
        with evil(as_manifest(lying)) as first:
            pull(first, sink)
        assert second.asked == []


def test_netrc_is_not_read(sink: Layout, tmp_path: Path, monkeypatch):
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login user password {PASSWORD}\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with evil(challenge(BASIC)) as server:
        name = Reference.parse(f"{server.address}/thing:1")
        with pytest.raises(Denied):
            pull_image(name, sink, Platform(), Reporter())
        assert b"authorization" not in server.heard.lower()


# --- pushing ---


def test_a_registry_that_keeps_another_manifest(tmp_path: Path):
    _layout, image = sample(tmp_path / "layout")

    def lie(asked: Asked) -> Say | None:
        put = asked.method == "PUT" and "/manifests/" in asked.path
        return Say(201, headers={"Docker-Content-Digest": ZERO}) if put else None

    with evil(lie) as server, pytest.raises(Untrusted, match=ZERO):
        push_image(image, Reference.parse(f"{server.address}/thing:1"), Reporter(), registry(server))


@pytest.mark.parametrize(
    "say", [Say(503), Say(429, headers={"Retry-After": "0"}), Say(200, b"", length=9, then="reset")]
)
def test_a_broken_upload_is_begun_anew(tmp_path: Path, say):
    _layout, image = sample(tmp_path / "layout")
    failed = set()

    def lie(asked: Asked) -> Say | None:
        if asked.method == "PUT" and asked.path not in failed:
            failed.add(asked.path)
            return say
        return None

    events: list[Progress] = []
    with evil(lie) as server:
        push_image(image, Reference.parse(f"{server.address}/thing:1"), Reporter(events.append), registry(server))
        sent = [Digest.of(one.body) for one in server.asked if one.method == "PUT"]
    parts = [image.manifest.config.digest, *(part.digest for part in image.manifest.layers), image.digest]
    assert sorted(sent) == sorted(parts * 2)
    done = [event.done for event in events]
    assert done == sorted(done)
    assert done[-1] == events[-1].total


def test_an_upload_that_arrived_without_an_answer_is_not_repeated(tmp_path: Path):
    _layout, image = sample(tmp_path / "layout")
    kept: set[str] = set()

    def lie(asked: Asked) -> Say | None:
        if asked.method == "PUT" and "/uploads/" in asked.path:
            kept.add(Digest.of(asked.body))
            return Say(0, then="reset")
        return Say(200) if asked.method == "HEAD" and asked.path.rpartition("/")[2] in kept else None

    with evil(lie) as server:
        push_image(image, Reference.parse(f"{server.address}/thing:1"), Reporter(), registry(server))
        uploads = [one for one in server.asked if one.method == "PUT" and "/uploads/" in one.path]
    assert len(uploads) == 1 + len(image.manifest.layers)


def test_cancel_ends_an_upload(tmp_path: Path):
    _layout, image = sample(tmp_path / "layout")
    report = Reporter(lambda _event: report.cancel())
    with evil(lambda _asked: None) as server:
        with pytest.raises(Cancelled):
            push_image(image, Reference.parse(f"{server.address}/thing:1"), report, registry(server))
        assert [one for one in server.asked if "/manifests/" in one.path] == []
