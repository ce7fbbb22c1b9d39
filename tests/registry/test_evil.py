"""Every lie of a registry about what it has ends in a named error, nothing of it in the store."""

import json

import pytest

from jupyter_modelpack.errors import Denied, ModelpackError, NotFound, Unavailable, Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import INDEX_NESTING, LAYERS, MANIFEST_BYTES, REDIRECTS
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import CONFIG, INDEX, LAYER, MANIFEST, Descriptor, Platform, canonical
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.registry.client.transfer import pull_image
from jupyter_modelpack.store.layout import Layout
from tests.registry.evil import BLOB, IMAGE, RAW, Asked, Lie, Say, as_blob, as_manifest, evil, manifest, redirect_to
from tests.registry.victim import LAYER_DIGEST, ZERO, files, pull, registry


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


def test_layer_urls_are_never_fetched(sink: Layout):
    with evil(lambda _asked: None) as second:
        lying = manifest(layers=[descriptor(urls=[f"http://{second.address}/layer"])])
        with evil(as_manifest(lying)) as first:
            pull(first, sink)
        assert second.asked == []
