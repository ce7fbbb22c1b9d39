"""Layers of packages that bring the same file: neither order of making nor what lies there already changes a byte."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.builder.lock.pylock import Lock
from jupyter_modelpack.builder.lock.resolve import make_lock
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels import layer_contents
from jupyter_modelpack.builder.wheels.bytecode import find_compiler
from jupyter_modelpack.builder.wheels.download import Fetcher
from jupyter_modelpack.builder.wheels.layer_cache import kept_wheel, wheel_layers
from jupyter_modelpack.errors import Cancelled, Unavailable, Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.store import os_errors
from jupyter_modelpack.store.check import check
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.repair import repair
from tests.builder.small_wheels import noise, wheel

TARGET = BuildTarget("3.11", Platform("linux", "amd64"), find_compiler("3.11"))
SITE = TARGET.site_packages


@pytest.fixture
def index(tmp_path: Path) -> Path:
    index = tmp_path / "index"
    wheel(index, "a", {"ns/__init__.py": b"1\n", "ns/broken.py": b"x = 1\n", "a.py": b""})
    wheel(index, "b", {"ns/__init__.py": b"2\n", "ns/broken.py": b"x =\n"})
    wheel(index, "c", {"c.py": b""})
    return index


@pytest.fixture
def locked(index: Path, tmp_path: Path) -> Callable[..., Lock]:
    def lock(*names: str) -> Lock:
        lines = ["--no-index", f"--find-links {index}", *names]
        return make_lock(lines, TARGET, tmp_path / "locks", Reporter())

    return lock


def layer_of(lock: Lock, cache: Layout) -> tuple[str, dict[str, bytes]]:
    (layer,) = wheel_layers(lock, TARGET, cache, Reporter())
    with cache.open_blob(layer.descriptor) as stream:
        files = {entry.path: content.read() for entry, content in read_layer(stream) if content is not None}
    return layer.descriptor.digest, files


def test_what_was_packaged_before_changes_no_byte(locked, tmp_path):
    old, new = Layout.create(tmp_path / "old"), Layout.create(tmp_path / "new")
    for names in ("b", "a"), ("c",):
        wheel_layers(locked(*names), TARGET, old, Reporter())
    digest, files = layer_of(locked("a", "b", "c"), old)
    assert layer_of(locked("a", "b", "c"), new) == (digest, files)
    assert layer_of(locked("a", "b", "c"), new)[0] == digest, "what was settled is kept"
    assert files[f"{SITE}/ns/__init__.py"] == b"2\n"


def test_bytecode_of_the_one_that_lost_is_not_left_behind(locked, tmp_path):
    """It is not checked against its source, so it would be run in place of the winner's."""
    _, files = layer_of(locked("a", "b"), Layout.create(tmp_path / "cache"))
    assert f"{SITE}/ns/__pycache__/__init__.cpython-311.pyc" in files
    assert not [path for path in files if "broken.cpython" in path]


def test_bytecode_of_a_large_one_that_lost_is_left_out_of_its_layer(index, locked, tmp_path):
    """The winner's module has a match statement, so it ships as source; as in a container, what lies above is seen."""
    winner = b"match 1:\n    case _:\n        WHO = 'y'\n"
    wheel(index, "x", {"both.py": b"WHO = 'x'\n", "x.py": b"", "x.bin": noise(9 << 20, "x")})
    wheel(index, "y", {"both.py": winner, "y.bin": noise(9 << 20, "y")})
    cache = Layout.create(tmp_path / "cache")
    (alone,) = wheel_layers(locked("x"), TARGET, cache, Reporter())
    below, above = wheel_layers(locked("x", "y"), TARGET, cache, Reporter())
    seen: dict[str, bytes] = {}
    for layer in (below, above):
        with cache.open_blob(layer.descriptor) as stream:
            seen |= {entry.path: content.read() for entry, content in read_layer(stream) if content is not None}
    assert seen[f"{SITE}/both.py"] == winner
    assert [path for path in seen if path.startswith(f"{SITE}/__pycache__/")] == [
        f"{SITE}/__pycache__/x.cpython-311.pyc"
    ]
    assert (below.title, below.descriptor.digest == alone.descriptor.digest) == ("x 1.0", False)
    again = wheel_layers(locked("x", "y"), TARGET, cache, Reporter())
    assert [(layer.descriptor, layer.reused) for layer in again] == [(below.descriptor, True), (above.descriptor, True)]
    assert wheel_layers(locked("x"), TARGET, cache, Reporter())[0].descriptor == alone.descriptor


@pytest.mark.parametrize("other", ["b", "c"], ids=["with a file of both", "with nothing in common"])
@pytest.mark.parametrize("place", [100, -2000], ids=["header", "content"])
def test_a_damaged_layer_is_never_joined_to_others(locked, tmp_path, other, place):
    """It would have a digest of its own afterwards, and look sound."""
    cache = Layout.create(tmp_path / "cache")
    for name in ("a", other):
        wheel_layers(locked(name), TARGET, cache, Reporter())
    flip(cache, locked("a"), place)
    before = kept(cache)
    with pytest.raises(Untrusted, match=r"is damaged: its digest is wrong") as refused:
        wheel_layers(locked("a", other), TARGET, cache, Reporter())
    assert kept(cache) == before
    assert "modelpack check --repair" in refused.value.hint
    repair(cache, check(cache, Reporter()).findings, [])
    assert layer_of(locked("a", other), cache) == layer_of(locked("a", other), Layout.create(tmp_path / "new"))


def flip(cache: Layout, lock: Lock, place: int) -> None:
    (package,) = lock.packages
    path = cache.blob_path(kept_wheel(package, TARGET, cache).digest)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def kept(cache: Layout) -> list[Path]:
    return [path for name in ("blobs", "wheels") for path in sorted((cache.path / name).rglob("*"))]


def test_a_later_process_hashes_once_what_it_joins_and_nothing_large(index, locked, tmp_path, monkeypatch):
    """Packages of gigabytes bring one file that all of them have: to compare it no more is read than it."""
    for name in "x", "y":
        wheel(index, name, {"ns/__init__.py": name.encode(), f"{name}.bin": noise(9 << 20, name)})
    cache = Layout.create(tmp_path / "cache")
    for names in ("x", "y"), ("a",), ("b",):
        wheel_layers(locked(*names), TARGET, cache, Reporter())
    sizes = [kept_wheel(locked(name).packages[0], TARGET, cache).size for name in ("a", "b")]
    cache._known.verified.clear()  # as in a process that has just begun
    hashed: list[int] = []
    real = Digest.of_stream.__func__

    def counted(cls, stream, *given):
        hashed.append(os.fstat(stream.fileno()).st_size)
        return real(cls, stream, *given)

    monkeypatch.setattr(Digest, "of_stream", classmethod(counted))
    wheel_layers(locked("a", "b", "x", "y"), TARGET, cache, Reporter())
    assert sorted(hashed) == sorted(sizes)
    wheel_layers(locked("a", "b", "c", "x", "y"), TARGET, cache, Reporter())
    assert sorted(hashed) == sorted(sizes), "once per process"


def test_joining_is_cancelled_and_leaves_nothing(locked, tmp_path):
    cache, report = Layout.create(tmp_path / "cache"), Reporter()
    for names in ("a",), ("c",):
        wheel_layers(locked(*names), TARGET, cache, Reporter())
    before = kept(cache)
    report.cancel()
    with pytest.raises(Cancelled):
        wheel_layers(locked("a", "c"), TARGET, cache, report)
    assert kept(cache) == before


def test_joining_asks_first_whether_there_is_room(locked, tmp_path, monkeypatch):
    cache = Layout.create(tmp_path / "cache")
    for names in ("a",), ("c",):
        wheel_layers(locked(*names), TARGET, cache, Reporter())
    free = os.statvfs_result((512, 512, 100, 4, 4, 100, 100, 100, 0, 255))
    monkeypatch.setattr(os_errors.os, "statvfs", lambda _folder: free)
    with pytest.raises(Unavailable, match=r"Could not write a layer: it needs .*, and the disk .* has 0.0 MB free"):
        wheel_layers(locked("a", "c"), TARGET, cache, Reporter())


def test_what_uv_lays_into_one_folder_is_still_each_ones_own(locked, tmp_path, monkeypatch):
    direct = layer_of(locked("a", "b", "c"), Layout.create(tmp_path / "direct"))
    monkeypatch.setattr(Fetcher, "fetch", lambda *_given: False)
    cache = Layout.create(tmp_path / "uv")
    assert layer_of(locked("a", "b", "c"), cache) == direct
    assert layer_of(locked("a"), cache)[1][f"{SITE}/ns/__init__.py"] == b"1\n"


@pytest.mark.parametrize("damage", ["[", "{}"])
def test_a_damaged_note_is_made_anew(locked, tmp_path, damage):
    cache = Layout.create(tmp_path / "cache")
    before = layer_of(locked("a", "b"), cache)
    for kind in ("collisions", "contents"):
        for path in (cache.path / kind).iterdir():
            path.write_text(damage)
    layer_contents._noted.cache_clear()
    assert layer_of(locked("a", "b"), cache) == before
