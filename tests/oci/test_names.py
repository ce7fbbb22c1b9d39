"""Image names: what they mean, which are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelpack.errors import Untrusted, UsageError
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.names import Reference, check_repository, check_tag

DIGEST = "sha256:" + "0123456789abcdef" * 4

GOOD = [
    ("python", ("", "python", "", None)),
    ("python:3.11-slim", ("", "python", "3.11-slim", None)),
    ("library/python", ("", "library/python", "", None)),
    ("localhost/x", ("localhost", "x", "", None)),
    ("localhost:5000/x:y", ("localhost:5000", "x", "y", None)),
    ("example.com/a/b/c:1", ("example.com", "a/b/c", "1", None)),
    ("127.0.0.1:20000/package:20261122181338", ("127.0.0.1:20000", "package", "20261122181338", None)),
    ("[::1]:5000/x", ("[::1]:5000", "x", "", None)),
    (f"x@{DIGEST}", ("", "x", "", DIGEST)),
    (f"example.com:1/x:t@{DIGEST}", ("example.com:1", "x", "t", DIGEST)),
    ("a__b/c--d/e.f_g", ("", "a__b/c--d/e.f_g", "", None)),
]


@pytest.mark.parametrize(("text", "parts"), GOOD)
def test_names(text, parts):
    found = Reference.parse(text)
    assert (found.registry, found.repository, found.tag, found.digest) == parts
    assert str(found) == text


BAD = [
    "",
    ":",
    ":1",
    "x:",
    "x@",
    "@" + DIGEST,
    "Upper",
    "x/Y",
    "x:-a",
    "x:.a",
    "x:" + "a" * 129,
    "x:a b",
    "x:a\n",
    "x\n",
    "x//y",
    "/x",
    "x/",
    "x..y",
    "x___y",
    "-x",
    "x-",
    "a" * 256,
    "x@sha256:12",
    "x@sha512:" + "0" * 128,
    f"x@{DIGEST}\n",
    f"x@{DIGEST.upper()}",
    "exa mple.com/x",
    "-example.com/x",
    "example.com:/x",
    "example.com:0/x",
    "example.com:65536/x",
    "example.com:port/x",
    "user@example.com/x",
    "http://example.com/x",
    "x;rm -rf",
    "$(x)",
    "x\0",
    "é",
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_name(text):
    with pytest.raises(UsageError):
        Reference.parse(text)


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_a_usage_error(text):
    try:
        found = Reference.parse(text)
    except UsageError:
        return
    assert Reference.parse(str(found)) == found
    assert "\n" not in str(found)


HUB = [
    ("python", "docker.io/library/python:latest"),
    ("python:3", "docker.io/library/python:3"),
    ("team/x", "docker.io/team/x:latest"),
    ("docker.io/python", "docker.io/library/python:latest"),
    ("index.docker.io/python", "docker.io/library/python:latest"),
    ("ghcr.io/x", "ghcr.io/x:latest"),
    (f"python@{DIGEST}", f"docker.io/library/python@{DIGEST}"),
]


@pytest.mark.parametrize(("text", "full"), HUB)
def test_dockers_defaults(text, full):
    assert str(Reference.parse(text).on_hub()) == full


def test_an_address_is_told_its_name_and_shows_no_password():
    with pytest.raises(UsageError) as caught:
        Reference.parse("https://me:hunter22@a.example/team/x:1/")
    assert "hunter22" not in str(caught.value)
    assert caught.value.hint == "Write a.example/team/x:1"


def test_bounds_are_exact():
    assert check_tag("a" * 128)
    assert check_repository("a" * 255)
    with pytest.raises(UsageError):
        check_repository("a" * 256)


@pytest.mark.parametrize(
    "text",
    [
        None,
        1,
        b"",
        "",
        "sha256:",
        DIGEST[:-1],
        DIGEST + "0",
        DIGEST + "\n",
        DIGEST.upper(),
        "sha256:" + "g" * 64,
        "../" + DIGEST,
    ],
)
def test_what_is_no_digest(text):
    with pytest.raises(Untrusted):
        Digest.parse(text)


def test_digests(tmp_path):
    digest = Digest.parse(DIGEST)
    assert (digest.hex, digest.short, len(digest)) == (DIGEST[7:], DIGEST[7:19], 71)
    (tmp_path / "file").write_bytes(b"abc" * 1_000_000)
    with (tmp_path / "file").open("rb") as stream:
        assert Digest.of_stream(stream) == Digest.of(b"abc" * 1_000_000)
