"""The store: what is put is there whole, what is damaged is found, names survive many writers."""

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jupyter_modelpack.errors import Conflict, Denied, NotFound, Unavailable, Untrusted
from jupyter_modelpack.limits import INDEX_NESTING, MANIFEST_BYTES
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import INDEX, MANIFEST, Descriptor, Index, Platform
from jupyter_modelpack.store import files
from jupyter_modelpack.store.files import TEMP_PREFIX, AtomicFile, sweep, write_file
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.lock import locked
from tests.registry.samples import layer, put_image, sample

TYPE = "application/octet-stream"
DATA = b"0123456789" * 200_000


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.create(tmp_path / "layout")


def temps(layout: Layout) -> list[str]:
    return [path.name for path in (layout.path / "blobs/sha256").iterdir() if path.name.startswith(TEMP_PREFIX)]


# --- the folder ---


def test_an_empty_store_is_a_layout(layout: Layout):
    assert (layout.path / "oci-layout").read_bytes() == b'{"imageLayoutVersion":"1.0.0"}'
    assert layout.index() == Index(())
    assert Layout(layout.path).names() == {}
    for folder in (layout.path, layout.path / "blobs", layout.path / "blobs/sha256"):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_making_it_again_keeps_what_is_there(layout: Layout):
    put_image(layout, "a:1", b"")
    assert Layout.create(layout.path).names().keys() == {"a:1"}


def test_what_is_no_layout(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "missing", tmp_path, tmp_path / "file"):
        with pytest.raises(NotFound, match="no oci-layout file"):
            Layout(path)
    (tmp_path / "oci-layout").write_text('{"imageLayoutVersion": "2.0.0"}')
    with pytest.raises(Untrusted, match=r"unknown version '2\.0\.0'"):
        Layout(tmp_path)


def test_a_layout_without_its_index(layout: Layout):
    (layout.path / "index.json").unlink()
    with pytest.raises(NotFound, match=r"no index\.json"):
        layout.names()


def test_skopeo_reads_it(tmp_path: Path):
    layout, image = sample(tmp_path / "layout")
    said = subprocess.run(
        ["skopeo", "inspect", "--format={{.Digest}}", f"oci:{layout.path}:package:1"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == image.digest


# --- blobs ---


def test_a_blob_goes_in_and_out(layout: Layout):
    descriptor = Descriptor.of(TYPE, DATA)
    assert not layout.has_blob(descriptor.digest)
    assert layout.find_blob(descriptor.digest) is None
    layout.put_blob(descriptor, io.BytesIO(DATA))
    assert layout.has_blob(descriptor.digest)
    assert layout.find_blob(descriptor.digest) == (str(layout.blob_path(descriptor.digest)), len(DATA))
    with layout.open_blob(descriptor) as stream:
        assert stream.read() == DATA
    assert temps(layout) == []


@pytest.mark.parametrize("data", [DATA[:-1], DATA + b"0", b"x" + DATA[1:], b""])
def test_other_bytes_are_not_kept(layout: Layout, data):
    descriptor = Descriptor.of(TYPE, DATA)
    with pytest.raises(Untrusted, match="were announced"):
        layout.put_blob(descriptor, io.BytesIO(data))
    assert not layout.has_blob(descriptor.digest)
    assert temps(layout) == []


def test_a_source_that_fails_leaves_nothing(layout: Layout):
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 1 << 20:
                raise KeyboardInterrupt
            return super().read(size)

    with pytest.raises(KeyboardInterrupt):
        layout.put_blob(Descriptor.of(TYPE, DATA), Failing(DATA))
    assert temps(layout) == []


def test_a_blob_whose_digest_is_known_at_its_end(layout: Layout):
    with layout.new_blob() as blob:
        blob.write(DATA[:100])
        blob.write(DATA[100:])
        descriptor = blob.commit(TYPE)
    assert descriptor == Descriptor.of(TYPE, DATA)
    with layout.new_blob() as blob:
        blob.write(DATA)
        assert blob.commit(TYPE) == descriptor
    with layout.new_blob() as blob:
        blob.write(b"never committed")
    assert temps(layout) == []


DAMAGE = {
    "a bit": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "the last bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "the end": lambda data: data[:-1],
    "everything": lambda _data: b"",
    "too much": lambda data: data + b"0",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("size", [-1, 7, 1 << 20])
def test_damage_is_found_before_the_last_byte_is_out(layout: Layout, damage, size):
    descriptor = layout.put_bytes(TYPE, b"0123456789" * 100)
    path = layout.blob_path(descriptor.digest)
    path.write_bytes(damage(path.read_bytes()))
    out = b""
    with pytest.raises(Untrusted, match="damaged"), layout.open_blob(descriptor) as stream:  # noqa: PT012
        while data := stream.read(size):
            out += data
    assert len(out) < descriptor.size


@pytest.mark.parametrize("damage", [b"", b"short", DATA + b"longer"])
def test_a_blob_of_the_wrong_size_is_written_anew(layout: Layout, damage):
    descriptor = layout.put_bytes(TYPE, DATA)
    path = layout.blob_path(descriptor.digest)
    for put in (
        lambda: layout.put_blob(descriptor, io.BytesIO(DATA)),
        lambda: layout.put_bytes(TYPE, DATA),
    ):
        path.write_bytes(damage)
        put()
        assert path.read_bytes() == DATA


def test_an_empty_blob(layout: Layout):
    descriptor = layout.put_bytes(TYPE, b"")
    with layout.open_blob(descriptor) as stream:
        assert stream.read() == b""


def test_a_missing_blob(layout: Layout):
    with pytest.raises(NotFound, match=str(layout.path)):
        layout.open_blob(Descriptor.of(TYPE, b"missing"))


def test_taking_over_from_another_store(tmp_path: Path, layout: Layout):
    source, image = sample(tmp_path / "source")
    layout.adopt_image(image, source)
    layout.adopt_image(image, source)
    for part in (image.descriptor, image.manifest.config, *image.manifest.layers):
        assert layout.blob_path(part.digest).stat().st_ino == source.blob_path(part.digest).stat().st_ino
    with pytest.raises(NotFound):
        layout.adopt(source, Descriptor.of(TYPE, b"missing"))


def test_where_no_hard_link_is_possible_a_checked_copy_is_made(tmp_path: Path, layout: Layout, monkeypatch):
    source = Layout.create(tmp_path / "source")
    descriptor = source.put_bytes(TYPE, DATA)

    def no_link(_source: Path, _target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", no_link)
    layout.adopt(source, descriptor)
    assert layout.blob_path(descriptor.digest).read_bytes() == DATA
    source.blob_path(descriptor.digest).write_bytes(bytes(len(DATA)))
    other = Layout.create(tmp_path / "other")
    with pytest.raises(Untrusted, match="damaged"):
        other.adopt(source, descriptor)
    assert not other.has_blob(descriptor.digest)


# --- names ---


def test_names_move_and_go(layout: Layout):
    one, two = put_image(layout, "a:1", b""), put_image(layout, "a:2", layer(1, 1))
    layout.tag("a:1", two.descriptor, {"note": "moved"})
    assert {name: entry.digest for name, entry in layout.names().items()} == {"a:1": two.digest, "a:2": two.digest}
    assert layout.names()["a:1"].annotations["note"] == "moved"
    assert layout.untag("a:1")
    assert not layout.untag("a:1")
    assert layout.names().keys() == {"a:2"}
    assert layout.has_blob(one.digest)


def test_as_a_registry(layout: Layout):
    image = put_image(layout, "team/a:1", b"")
    put_image(layout, "team/ab:x", layer(1, 1))
    layout.tag("latest", image.descriptor)  # what skopeo may write: a name without a repository
    assert layout.repositories() == ["team/a", "team/ab"]
    assert layout.tags("team/a") == ["1"]
    assert layout.tags("nothing") == []
    assert layout.resolve("team/a", "1").digest == image.digest
    assert layout.resolve("team/a", image.digest).digest == image.digest
    for repository, reference in (
        ("team/ab", "1"),
        ("team/ab", image.digest),
        ("team/a", "x"),
        ("team", "1"),
        ("", "latest"),
    ):
        assert layout.resolve(repository, reference) is None


def test_manifests_behind_an_index(layout: Layout):
    amd = put_image(layout, "own:1", layer(1, 1)).descriptor
    arm = Descriptor(MANIFEST, Digest("sha256:" + "1" * 64), 5, {}, Platform("linux", "arm64"))
    entries = (Descriptor(MANIFEST, amd.digest, amd.size, {}, Platform()), arm)
    layout.tag("multi:1", layout.put_bytes(INDEX, Index(entries).to_bytes()))
    assert layout.resolve("multi", amd.digest).digest == amd.digest
    assert layout.resolve("multi", arm.digest) is None, "named, but not there"
    assert layout.image(layout.names()["multi:1"], Platform()).digest == amd.digest
    with pytest.raises(Untrusted, match="no variant for linux/mips"):
        layout.image(layout.names()["multi:1"], Platform("linux", "mips"))


def test_indexes_of_indexes_end(layout: Layout):
    top = put_image(layout, "a:1", b"").descriptor
    for _ in range(INDEX_NESTING):
        entry = Descriptor(top.media_type, top.digest, top.size, {}, Platform())
        top = layout.put_bytes(INDEX, Index((entry,)).to_bytes())
    with pytest.raises(Untrusted, match="points to itself"):
        layout.image(top)


def test_a_manifest_that_claims_too_much_is_not_read(layout: Layout):
    with pytest.raises(Untrusted, match=f"claims {MANIFEST_BYTES + 1}"):
        layout.image(Descriptor(MANIFEST, Digest("sha256:" + "0" * 64), MANIFEST_BYTES + 1))


WRITER = """
import sys
from pathlib import Path
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.lock import locked
for number in range(8):
    layout = Layout.create(Path(sys.argv[1]))
    data = f"{sys.argv[2]} {number}".encode()
    layout.tag(f"writer-{sys.argv[2]}:{number}", layout.put_bytes("text/plain", data))
"""


def test_many_writers_lose_nothing(layout: Layout):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, layout.path, str(number)]) for number in range(6)]
    assert [writer.wait(60) for writer in writers] == [0] * 6
    assert len(layout.names()) == 6 * 8
    assert temps(layout) == []


# --- files ---


def test_a_file_is_replaced_wholly_or_not_at_all(tmp_path: Path, monkeypatch):
    path = tmp_path / "file"
    write_file(path, b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="is full") as caught:
        write_file(path, b"new")
    assert (caught.value.code, caught.value.retry) == ("disk-full", True)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir() if entry.name != "file" and entry.is_file()] == []


def test_a_private_file(tmp_path: Path):
    old = os.umask(0)
    try:
        write_file(tmp_path / "secret", b"", private=True)
        write_file(tmp_path / "open", b"")
    finally:
        os.umask(old)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o644


def test_a_folder_that_is_closed_to_us(tmp_path: Path, monkeypatch):
    def closed(*_what, **_more) -> int:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(os, "open", closed)
    with pytest.raises(Denied, match="Permission denied") as caught:
        AtomicFile(tmp_path, "a blob")
    assert "MODELPACK_HOME" in caught.value.hint


def test_the_bytes_are_on_disk_before_the_name_is(tmp_path: Path, monkeypatch):
    steps: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda _handle: steps.append("named" if (tmp_path / "file").exists() else "nameless")
    )
    write_file(tmp_path / "file", b"data")
    assert steps == ["nameless", "named"], "the file, then the folder"


def test_rubbish_is_swept_and_work_is_not(tmp_path: Path):
    (tmp_path / f"{TEMP_PREFIX}dead").write_bytes(b"left by a crash")
    (tmp_path / "blob").write_bytes(b"")
    with AtomicFile(tmp_path, "a blob") as file:
        file.write(b"at work")
        assert sweep(tmp_path) == 1
        file.commit(tmp_path / "done")
    assert {path.name for path in tmp_path.iterdir()} == {"blob", "done"}


def test_a_file_swept_before_it_was_locked_is_begun_anew(tmp_path: Path, monkeypatch):
    real, swept = files.fcntl.flock, []

    def sweep_first(handle: int, how: int) -> None:
        if not swept:
            monkeypatch.setattr(files.fcntl, "flock", real)
            swept.append(sweep(tmp_path))
        real(handle, how)

    monkeypatch.setattr(files.fcntl, "flock", sweep_first)
    write_file(tmp_path / "file", b"data")
    assert swept == [1]
    assert (tmp_path / "file").read_bytes() == b"data"


def test_a_lock_is_waited_for_only_so_long(tmp_path: Path):
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(tmp_path / "lock", "The store"):
            held.set()
            release.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    with pytest.raises(Conflict, match="The store is busy") as caught, locked(tmp_path / "lock", "The store", 0.1):
        pass
    assert caught.value.code == "store-busy"
    release.set()
    holder.join()
    with locked(tmp_path / "lock", "The store", 1):
        pass
