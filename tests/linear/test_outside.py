"""Whatever parses text from outside takes time and memory in proportion to it; a new parser is found by itself."""

import contextlib
import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_modelpack.api.conda import CondaDependencies
from jupyter_modelpack.builder.base_image.layer_files import layer_files
from jupyter_modelpack.builder.lock.uv_errors import explain
from jupyter_modelpack.engine.process.tail import read_lines
from jupyter_modelpack.errors import BuildFailed, ModelpackError, Untrusted, UsageError
from jupyter_modelpack.limits import LINE_BYTES, TAIL_BYTES
from jupyter_modelpack.lines import Lines
from jupyter_modelpack.oci.archive import ArchiveReader
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import Platform, parse_object
from jupyter_modelpack.redact import scrub
from jupyter_modelpack.registry.client.auth import parse_challenges
from jupyter_modelpack.scoring.convert import decode, form, open_inference, quoted
from jupyter_modelpack.scoring.convert.decode import BadInputError
from tests.linear import parsers
from tests.linear.cost import STEEP, growth, peak

Shape = Callable[[int], Any]


@dataclass(frozen=True)
class Case:
    """A function, hostile texts for it by length, and how many bytes it may hold for each byte of them."""

    call: Callable[[Any], Any]
    shapes: tuple[Shape, ...]
    bytes_each: float = 8.0


def text(*pieces: str) -> tuple[Shape, ...]:
    """Give a shape for each piece that is repeated."""
    return tuple(lambda length, piece=piece: piece * (length // len(piece)) for piece in pieces)


def raw(*pieces: bytes, before: bytes = b"", after: bytes = b"") -> tuple[Shape, ...]:
    return tuple(lambda length, piece=piece: before + piece * (length // len(piece)) + after for piece in pieces)


def quiet(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Take a refusal for an answer: what counts is what it costs."""

    def quietly(given: Any) -> None:
        with contextlib.suppress(ModelpackError, BadInputError, quoted.TooManyFieldsError, ValueError):
            call(given)

    return quietly


def tar_of(*records: bytes, kind: bytes = tarfile.XHDTYPE) -> Shape:
    """Give archives of one extended header that is as long as asked for."""

    def made(length: int) -> bytes:
        content = b"".join(record * (length // len(record)) for record in records)
        info = tarfile.TarInfo("header")
        info.type, info.size = kind, len(content)
        return info.tobuf(tarfile.USTAR_FORMAT) + content + b"\0" * (-len(content) % 512) + tarfile.TarInfo("a").tobuf()

    return made


HEADERS = (
    tar_of(b"1"),
    tar_of(b"2 "),
    tar_of(b"11 hdr=abc\n"),
    tar_of(b"11 hdr=abc\n", kind=tarfile.XGLTYPE),
    tar_of(b"a", kind=tarfile.GNUTYPE_LONGNAME),
    lambda length: tar_of(b"11 hdr=abc\n")(1000) * (length // 2048),
)
QUOTES = raw(b'\\"', b'"[', b"[", b"[]", b'"', b"{", b"\\", before=b"[]" * 60 + b'"')


def read_archive(data: bytes) -> None:
    ArchiveReader(io.BytesIO(data))


def read_all_layer(data: bytes) -> None:
    for _ in read_layer(io.BytesIO(data)):
        pass


def follow(data: bytes) -> None:
    lines = Lines()
    for start in range(0, len(data), 16384):
        lines.feed(data[start : start + 16384])
    lines.rest()


CASES: dict[str, Case] = {
    "check_depth": Case(quiet(lambda body: decode.check_depth(body, 100)), QUOTES),
    "query_object": Case(quiet(decode.query_object), raw(b"%", b"%41", b"+", b"a=%41", b"&", b"a=1&")),
    "_form_as_json": Case(quiet(decode._form_as_json), text("%", "%22", "+", "a=b&", "[", '"'), 16),
    "multipart": Case(
        quiet(lambda body: form.parse("multipart/form-data; boundary=x", body)),
        raw(b"\r\n--x", b"\r\n--x\r\na: b\r\n\r\n", b"\r\n", b';name="', b"\\"),
        16,
    ),
    "urlencoded": Case(
        quiet(lambda body: form.parse("application/x-www-form-urlencoded", body)), raw(b"%", b"%41", b"&")
    ),
    "tensors": Case(
        quiet(lambda body: open_inference.text_of(body, 100)),
        (
            lambda n: b'{"inputs":[{"name":"a","shape":[%b1],"data":[1]}]}' % (b"1," * (n // 2)),
            lambda n: b'{"inputs":[{"name":"a","shape":[%d],"data":[%b1]}]}' % (n // 2, b"1," * (n // 2)),
        ),
        80,
    ),
    "scrub": Case(
        scrub,
        text(
            "a-", "a+a.", "?keykey", "&sig", "http://a:", "x://", "authorization: ", "authorization:\n", "?token=", "@"
        ),
    ),
    "lines": Case(follow, raw(b"a", b"\n", b"\r", b"a\n"), 2),
    "parse_challenges": Case(parse_challenges, text("a", "bearer ", ", ", "a =", 'bearer a="b",', '"'), 80),
    "explain": Case(
        lambda said: explain(BuildFailed("failed", log_tail=("No solution found", said)), Platform()),
        text(
            "Hash mismatch for `a` Expected: ",
            "must have a hash, but none were provided for: ",
            "a has no wheels ",
            "pinned with `==`, but found: ",
            "and x depends on y ",
            "only a is available and you require b",
            "a",
            "Because you require a and ",
        ),
        40,
    ),
    "read_layer": Case(quiet(read_all_layer), HEADERS, 8),
    "ArchiveReader": Case(quiet(read_archive), HEADERS, 8),
    "parse_object": Case(quiet(lambda data: parse_object(data, "manifest")), raw(b"[", b"1", b'"\\', b'{"":'), 40),
}


@pytest.mark.parametrize(
    ("name", "shape"), [(name, n) for name, case in CASES.items() for n in range(len(case.shapes))]
)
def test_it_costs_no_more_than_its_text_is_long(name: str, shape: int):
    case = CASES[name]
    assert growth(case.call, case.shapes[shape], 32_768) < STEEP
    given = case.shapes[shape](262_144)
    assert peak(case.call, given) < case.bytes_each * len(given) + 2_000_000


def test_every_parser_is_known():
    known = {place for places in parsers.KNOWN.values() for place in places.split()}
    assert known == parsers.found(), "say in parsers.py why the new one is harmless, or take the old one out"


@pytest.mark.parametrize("header", [b"1" * 60_000, b"2 " * 30_000 + b"=", b"", b"23 GNU.sparse.major=1\n"])
@pytest.mark.parametrize("read", [read_archive, read_all_layer])
def test_a_header_that_no_image_has_is_refused(read: Any, header: bytes):
    archive = tar_of(header or b"11 hdr=abc\n")(len(header) or 70_000)
    with pytest.raises((Untrusted, tarfile.ReadError)):
        read(archive)


def test_long_paths_and_attributes_are_read_as_before():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("folder/" + "n" * 3000)
        info.pax_headers = {"SCHILY.xattr.security.capability": "\x01" * 4000, "comment": "é"}
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
        archive.addfile(tarfile.TarInfo("b"))
    with tarfile.open(fileobj=(gnu := io.BytesIO()), mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("g" * 3000))
    reader = ArchiveReader(io.BytesIO(out.getvalue()))
    assert reader.names() == ["folder/" + "n" * 3000, "b"]
    assert reader.read("folder/" + "n" * 3000, 10) == b"abc"
    assert ArchiveReader(io.BytesIO(gnu.getvalue())).names() == ["g" * 3000]
    assert [entry.path for entry, _ in read_layer(io.BytesIO(out.getvalue()))] == reader.names()


def test_the_end_of_a_log_without_line_ends(tmp_path: Path):
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.truncate(TAIL_BYTES + 5_000_000)
        file.seek(0, 2)
        file.write(b"x" * 5_000_000)
    [line] = read_lines(log, 5, None)
    assert (len(line) < LINE_BYTES + 100, line.endswith(" more bytes")) == (True, True)


def test_aliases_that_stand_for_a_billion_are_refused(tmp_path: Path):
    file = tmp_path / "conda.yml"
    rows = [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 10)]
    file.write_text("\n".join(["dependencies: [python]", "x0: &x0 [lol]", *rows]))
    with pytest.raises(UsageError, match="written out, it has more than 100000 values"):
        CondaDependencies(conda_dependencies_file_path=str(file))
    file.write_text("a: &a [*a]")
    with pytest.raises(UsageError):
        CondaDependencies(conda_dependencies_file_path=str(file))
    file.write_text("dependencies: [python=3.11, &p numpy, {pip: [*p]}]")
    assert list(CondaDependencies(conda_dependencies_file_path=str(file)).pip_packages) == ["numpy"]


def test_a_layers_reader_may_be_interrupted():
    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    archive = tar_of(b"11 hdr=abc\n")(1000)
    layer = SimpleNamespace(media_type="application/vnd.oci.image.layer.v1.tar", size=len(archive), digest="sha256:0")
    blobs = SimpleNamespace(open_blob=lambda _layer: io.BytesIO(archive))
    with pytest.raises(Stopped):
        next(layer_files(SimpleNamespace(blobs=blobs), layer, stop))  # type: ignore[arg-type]
