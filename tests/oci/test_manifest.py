"""Manifests and indexes: read strictly, written the same for the same data."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.limits import LAYERS
from jupyter_modelpack.oci.manifest import (
    CONFIG,
    DOCKER_CONFIG,
    DOCKER_LAYER_GZIP,
    DOCKER_MANIFEST,
    LAYER,
    MANIFEST,
    Descriptor,
    Index,
    Manifest,
    Platform,
)

LAYER_1 = Descriptor.of(LAYER, b"one", {"a": "b"})
TRUE = Manifest(Descriptor.of(CONFIG, b"{}"), (LAYER_1,), {"x": "y"}, "application/x-thing")


def changed(**fields) -> bytes:
    document = {**json.loads(TRUE.to_bytes()), **fields}
    return json.dumps({name: value for name, value in document.items() if value != "gone"}).encode()


def layer(**fields) -> bytes:
    return changed(layers=[{**LAYER_1.to_json(), **fields}])


def test_what_is_written_is_read():
    assert Manifest.from_bytes(TRUE.to_bytes()) == TRUE
    assert Manifest.from_bytes(changed()).to_bytes() == TRUE.to_bytes()
    index = Index((Descriptor(MANIFEST, LAYER_1.digest, 3, {}, Platform("linux", "arm", "v7")),), {"a": "b"})
    assert Index.from_bytes(index.to_bytes()) == index


def test_dockers_own_types_are_read():
    config = Descriptor.of(DOCKER_CONFIG, b"{}").to_json()
    raw = changed(mediaType=DOCKER_MANIFEST, config=config, layers=[Descriptor.of(DOCKER_LAYER_GZIP, b"").to_json()])
    found = Manifest.from_bytes(raw)
    assert found.media_type == DOCKER_MANIFEST
    assert found.config.media_type == DOCKER_CONFIG


def test_a_manifest_need_not_name_its_type():
    assert Manifest.from_bytes(changed(mediaType="gone")).media_type == MANIFEST


WRONG = {
    "a number": b"1",
    "deep": b"[" * 100_000,
    "not UTF-8": b"\xff",
    "a long number": b'{"schemaVersion": ' + b"9" * 10_000 + b"}",
    "schema 1": changed(schemaVersion=1),
    "an index, too": changed(manifests=[]),
    "of no known type": changed(mediaType="application/json"),
    "of a type that is none": changed(mediaType=1),
    "no layers": changed(layers="gone"),
    "layers as an object": changed(layers={}),
    "no config": changed(config="gone"),
    "config as text": changed(config="x"),
    "a layer that is none": changed(layers=[1]),
    "no size": layer(size=None),
    "a size below 0": layer(size=-1),
    "a size of 2**63": layer(size=1 << 63),
    "a size of true": layer(size=True),
    "a size of 1.0": layer(size=1.0),
    "no type": layer(mediaType=None),
    "an empty type": layer(mediaType=""),
    "no digest": layer(digest=None),
    "a path for a digest": layer(digest="sha256:../x"),
    "annotations as text": changed(annotations="text"),
    "annotations as a list": changed(annotations=[1]),
    "annotations as a list of pairs": changed(annotations=[["a", "b"]]),
    "an annotation of 1": changed(annotations={"a": 1}),
    "half a character": changed(annotations={"a": "\ud800"}),
    "annotations of a layer as a list": layer(annotations=["a"]),
}


@pytest.mark.parametrize("raw", WRONG.values(), ids=WRONG)
def test_what_is_no_manifest(raw):
    with pytest.raises(Untrusted):
        Manifest.from_bytes(raw)


def test_the_bound_of_layers_is_exact():
    assert len(Manifest.from_bytes(changed(layers=[LAYER_1.to_json()] * LAYERS)).layers) == LAYERS
    with pytest.raises(Untrusted):
        Manifest.from_bytes(changed(layers=[LAYER_1.to_json()] * (LAYERS + 1)))


@pytest.mark.parametrize(
    "fields", [{"layers": []}, {"manifests": None}, {"manifests": [1]}, {"schemaVersion": 3}, {"annotations": [1]}]
)
def test_what_is_no_index(fields):
    with pytest.raises(Untrusted):
        Index.from_bytes(json.dumps({"schemaVersion": 2, "manifests": [], **fields}).encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["schemaVersion", "mediaType", "config", "layers", "manifests", "annotations", "artifactType"]


@given(st.sampled_from(FIELDS), json_values)
def test_any_json_is_a_manifest_or_untrusted(name, value):
    try:
        found = Manifest.from_bytes(changed(**{name: value}))
    except Untrusted:
        return
    assert Manifest.from_bytes(found.to_bytes()) == found


def entry(platform: str, number: int) -> Descriptor:
    return Descriptor.of(MANIFEST, str(number).encode()).__class__(
        MANIFEST, Descriptor.of(MANIFEST, str(number).encode()).digest, number, {}, Platform.parse(platform)
    )


HAVE = ["unknown/unknown", "linux/arm/v5", "linux/arm/v7", "linux/amd64", "linux/arm64/v8", "linux/386"]
CHOICES = [
    ("linux/amd64", 3),
    ("linux/arm/v7", 2),
    ("linux/arm", 1),
    ("linux/arm64", 4),
    ("linux/arm64/v8", 4),
    ("Linux/AMD64", 3),
]


@pytest.mark.parametrize(("wanted", "number"), CHOICES)
def test_the_variant_for_a_platform(wanted, number):
    index = Index(tuple(entry(text, number) for number, text in enumerate(HAVE)))
    assert index.select(Platform.parse(wanted)).size == number


def test_an_unnamed_variant_of_arm64_is_v8():
    assert Index((entry("linux/arm64", 7),)).select(Platform.parse("linux/arm64/v8")).size == 7


@pytest.mark.parametrize("wanted", ["linux/s390x", "windows/amd64", "linux/arm/v6"])
def test_a_platform_that_is_not_there(wanted):
    index = Index(tuple(entry(text, number) for number, text in enumerate(HAVE)))
    with pytest.raises(Untrusted, match="linux/arm/v7"):
        index.select(Platform.parse(wanted))
