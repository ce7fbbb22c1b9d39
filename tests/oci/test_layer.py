"""Layers: the same bytes for the same files, and nothing a tar can hide gets through."""

import contextlib
import io
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.oci import layer as layers
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layer import MTIME, LayerWriter, check_path, files_in, read_layer
from tests.faults import times


def written() -> bytes:
    out = io.BytesIO()
    writer = LayerWriter(out, frozenset({"var"}))
    writer.file("var/app/score.py", b"print()")
    writer.file("var/app/big", io.BytesIO(b"x" * 3_000_000), 3_000_000, executable=True)
    writer.symlink("var/app/link", "../app/big")
    writer.directory("empty")
    writer.file("é" * 120, b"")
    writer.close()
    return out.getvalue()


def test_same_files_same_bytes():
    assert Digest.of(written()) == Digest.of(written())


def test_what_is_written_is_read():
    found = [
        (entry.path, entry.kind, content and content.read()) for entry, content in read_layer(io.BytesIO(written()))
    ]
    assert found == [
        ("var/app", "dir", None),
        ("var/app/score.py", "file", b"print()"),
        ("var/app/big", "file", b"x" * 3_000_000),
        ("var/app/link", "symlink", None),
        ("empty", "dir", None),
        ("é" * 120, "file", b""),
    ]


def test_owners_times_and_modes_are_fixed():
    with tarfile.open(fileobj=io.BytesIO(written())) as archive:
        for info in archive:
            assert (info.uid, info.gid, info.uname, info.gname, info.mtime) == (0, 0, "", "", MTIME)
        modes = {info.name: info.mode for info in archive.getmembers()}
    assert (modes["var/app/score.py"], modes["var/app/big"], modes["empty"]) == (0o644, 0o755, 0o755)


UNSAFE = ["", "/", "/x", "../x", "x/..", "x/../y", ".", "./x", "x/./y", "x//y", "x/", "x\0y", "\udcff"]


@pytest.mark.parametrize("path", UNSAFE)
def test_unsafe_paths(path):
    with pytest.raises(Untrusted):
        check_path(path)
    writer = LayerWriter(io.BytesIO())
    for add in (lambda: writer.file(path, b""), lambda: writer.symlink(path, "x"), lambda: writer.directory(path)):
        with pytest.raises(Untrusted):
            add()


@pytest.mark.parametrize("target", ["", "a\0b", "\udcff"])
def test_a_link_that_cannot_be_written(target):
    with pytest.raises(Untrusted, match="links to"):
        LayerWriter(io.BytesIO()).symlink("x", target)


def test_nothing_is_there_twice():
    writer = LayerWriter(io.BytesIO())
    writer.file("a", b"")
    writer.directory("d")
    writer.directory("d")
    for add in (
        lambda: writer.file("a", b""),
        lambda: writer.symlink("a", "x"),
        lambda: writer.file("a/b", b""),
        lambda: writer.directory("a"),
        lambda: writer.file("d", b""),
    ):
        with pytest.raises(Untrusted):
            add()


@pytest.mark.parametrize(("size", "word"), [(2, "more"), (4, "fewer")])
def test_a_file_that_changes_while_it_is_read(size, word):
    with pytest.raises(Untrusted, match=word):
        LayerWriter(io.BytesIO()).file("x", io.BytesIO(b"abc"), size)


def tar(*infos: tarfile.TarInfo, format: int = tarfile.PAX_FORMAT) -> io.BytesIO:  # noqa: A002
    out = io.BytesIO()
    for info in infos:
        out.write(info.tobuf(format=format))
        out.write(b"\0" * (info.size + -info.size % 512) if info.isreg() else b"")
    out.write(b"\0" * 1024)
    out.seek(0)
    return out


def info(name: str, kind: bytes = tarfile.REGTYPE, **more) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type = kind
    for key, value in more.items():
        setattr(found, key, value)
    return found


HOSTILE = {
    "climbs": tar(info("../x")),
    "absolute": tar(info("/x")),
    "a hard link": tar(info("x", tarfile.LNKTYPE, linkname="/etc/passwd")),
    "a device": tar(info("x", tarfile.CHRTYPE)),
    "a block device": tar(info("x", tarfile.BLKTYPE)),
    "a pipe": tar(info("x", tarfile.FIFOTYPE)),
    "sparse": tar(info("x", tarfile.GNUTYPE_SPARSE), format=tarfile.GNU_FORMAT),
    "sparse by PAX": tar(
        info("x", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"})
    ),
    "a path by PAX": tar(info("x", pax_headers={"path": "../../x"})),
    "names of names": io.BytesIO(
        b"".join(info("x", tarfile.GNUTYPE_LONGNAME, size=1).tobuf() + b"y" + b"\0" * 511 for _ in range(2_000))
    ),
    "no tar": io.BytesIO(b"hello" * 1000),
    "half a header": io.BytesIO(written()[:300]),
    "half a file": io.BytesIO(written()[:100_000]),
}


def read_all(stream: io.BytesIO) -> None:
    for entry, content in read_layer(stream):
        check_path(entry.path)
        if content:
            content.read()


@pytest.mark.parametrize("stream", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_is_refused_whole(stream):
    stream.seek(0)
    with pytest.raises(Untrusted):
        read_all(stream)


def test_entries_are_counted(monkeypatch):
    monkeypatch.setattr(layers, "ARCHIVE_ENTRIES", 3)
    assert len(list(read_layer(tar(*(info(str(n)) for n in range(3)))))) == 3
    with pytest.raises(Untrusted, match="More than 3"):
        list(read_layer(tar(*(info(str(n)) for n in range(4)))))


SMALL = tar(info("dir", tarfile.DIRTYPE), info("dir/file", size=20), info("long" * 40, size=1)).getvalue()


def test_damage_is_untrusted_or_harmless(scoreboard):
    tried = 0

    @settings(max_examples=times(200, 75_000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=8))
    def check(changes):
        nonlocal tried
        tried += 1
        data = bytearray(SMALL)
        for place, value in changes:
            data[place] = value
        with contextlib.suppress(Untrusted):
            read_all(io.BytesIO(data))

    check()
    scoreboard("damaged archives", f"{tried} generated: 0 errors without a name")


@given(
    path=st.text("aé/.", min_size=1, max_size=120),
    kind=st.sampled_from(["file", "dir", "symlink"]),
    size=st.integers(0, 2**40),
    executable=st.booleans(),
    target=st.text("bü/", max_size=120),
)
def test_headers_are_those_of_tarfile(path, kind, size, executable, target):
    size, executable = (size, executable) if kind == "file" else (0, False)
    entry = layers.LayerEntry(path, kind, size, executable, target if kind == "symlink" else "")
    plain = layers._plain_header(entry)
    assert plain in {None, layers._pax_header(entry)}
    if len(path) < 100 and path.isascii() and target.isascii() and len(target) <= 100 and size < 8**11:
        assert plain


@pytest.mark.parametrize("path", ["a", "d/" * 60 + "e", "é" * 80, "x/" * 150 + "y", "m/w.bin"])
@pytest.mark.parametrize("before", [0, 1, 511, 3_000, 70_000])
def test_a_large_file_that_may_be_shared_begins_where_disks_share(path, before):
    out, size = io.BytesIO(), layers.ALIGNED
    writer = LayerWriter(out)
    writer.file("small", b"s" * before)
    writer.file(path, io.BytesIO(b"x" * size), size, executable=True, shared=True)
    writer.file("next", io.BytesIO(b"n" * (size - 1)), size - 1, shared=True)
    writer.close()
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
        large, following = archive.getmember(path), archive.getmember("next")
        assert large.offset_data % 4096 == 0
        assert (large.size, large.mode, large.mtime) == (size, 0o755, MTIME)
        assert following.offset_data - large.offset_data == size + tarfile.BLOCKSIZE, "below that size nothing is added"
    found = {entry.path: content.read() for entry, content in read_layer(io.BytesIO(out.getvalue())) if content}
    assert found == {"small": b"s" * before, path: b"x" * size, "next": b"n" * (size - 1)}


def test_a_path_of_any_length_leads_to_such_a_place():
    for length in range(1, 1_200):
        for offset in (0, 512, 3_584):
            entry = layers.LayerEntry("a" * length, "file", layers.ALIGNED)
            assert (offset + len(layers._aligned_header(entry, offset))) % 4096 == 0, (length, offset)


def damaged(place: int, data: bytes) -> bytes:
    whole = written()
    return whole[:place] + data + whole[place + len(data) :]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "layer",
    [
        b"",
        written()[:512],
        written()[:-1024],
        damaged(124, b"zzzzzzzzzzz"),
        damaged(124, b"-0000001000"),
        damaged(0, b"\xff"),
        written().replace(b"250 path=", b"000 path="),
    ],
    ids=["empty", "cut header", "no end", "size", "negative size", "name", "record of no length"],
)
def test_a_damaged_layer_is_refused_in_a_sentence_where_it_is_joined_or_listed(layer):
    with pytest.raises(Untrusted):
        LayerWriter(io.BytesIO()).join(layer)
    with pytest.raises(Untrusted):
        list(files_in(memoryview(layer)))


def test_a_layer_joined_to_another_is_as_written_by_hand():
    """Long names, names that are no ASCII, a line break in a name, links, a folder that both have."""
    long = "n" * 90
    names = ("shared/a.py", f"shared/{long}/{long}.py", f"shared/{long}/ä\n path=x.py", "other/b.py")

    def write(layer: LayerWriter, *paths: str) -> None:
        for path in paths:
            layer.file(path, path.encode() * 100, executable=path.endswith("a.py"))

    parts = []
    for chosen in (names[:2], names[2:]):
        out = io.BytesIO()
        part = LayerWriter(out)
        write(part, *chosen)
        part.symlink(f"link{len(parts)}", f"{long}/{long}")
        part.close()
        parts.append(out.getvalue())
    by_hand, joined = io.BytesIO(), io.BytesIO()
    writer = LayerWriter(by_hand)
    write(writer, *names[:2])
    writer.symlink("link0", f"{long}/{long}")
    write(writer, *names[2:])
    writer.symlink("link1", f"{long}/{long}")
    writer.close()
    other = LayerWriter(joined)
    for data in parts:
        other.join(data)
    other.close()
    assert joined.getvalue() == by_hand.getvalue()
    with pytest.raises(Untrusted, match="twice"):
        other.join(parts[0])
