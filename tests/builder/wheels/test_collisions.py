"""Layers of packages that bring the same file: neither order of making nor what lies there already changes a byte."""

from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.builder.lock.pylock import Lock
from jupyter_modelpack.builder.lock.resolve import make_lock
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels import layer_contents
from jupyter_modelpack.builder.wheels.bytecode import find_compiler
from jupyter_modelpack.builder.wheels.download import Fetcher
from jupyter_modelpack.builder.wheels.layer_cache import wheel_layers
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.store.layout import Layout
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
