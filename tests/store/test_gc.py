"""Leases and the collector, one step after the other (promises.md F23)."""

import threading
import time
from pathlib import Path

import pytest

from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.store.check import check
from jupyter_modelpack.store.gc import collect
from jupyter_modelpack.store.layout import Layout
from tests.faults.child import Child
from tests.registry.samples import layer, put_image


@pytest.fixture
def store(tmp_path: Path) -> Layout:
    return Layout.create(tmp_path / "store")


def gone(store: Layout) -> int:
    """Collect from another process, as `modelpack gc` would; return how many blobs went."""
    return int(Child(lambda say: say(str(collect(Layout(store.path), Reporter()).blobs))).wait().said[-1])


def test_what_is_written_outlives_a_collector(store: Layout):
    with store.work():
        written = store.put_bytes("text/plain", b"new")
        assert gone(store) == 0
        store.tag("a:1", written)
    assert gone(store) == 0
    store.untag("a:1")
    assert gone(store) == 1


def test_what_is_found_outlives_a_collector(store: Layout, tmp_path: Path):
    other = Layout.create(tmp_path / "other")
    ways = {
        "put": lambda part: store.put_bytes("text/plain", b"put"),
        "adopt": lambda part: store.adopt(other, part),
        "asked for": lambda part: store.has_blob(part.digest),
        "held": store.holds,
    }
    for name, use in ways.items():
        part = other.put_bytes("text/plain", name.encode())
        store.tag("old:1", store.put_bytes("text/plain", name.encode()))
        store.untag("old:1")
        with store.work():
            use(part)
            assert gone(store) == 0, name
            assert store.has_blob(part.digest)
        assert gone(store) == 1, name


def test_work_outside_of_a_block_is_kept_until_it_is_named(store: Layout):
    one = store.put_bytes("text/plain", b"one")
    assert gone(store) == 0
    store.tag("a:1", one)
    store.put_bytes("text/plain", b"two")
    assert gone(store) == 0


def test_a_dead_process_keeps_nothing(store: Layout):
    child = Child(lambda say: (store.put_bytes("text/plain", b"dead"), say("written"), time.sleep(60)))
    while not child.said():
        time.sleep(0.01)
    assert gone(store) == 0
    child.kill()
    assert gone(store) == 1
    assert list(store.path.glob("lease-*")) == []


def test_two_blocks_of_work_overlap(store: Layout):
    first_done, second_open = threading.Event(), threading.Event()

    def second() -> None:
        with store.work():
            second_open.set()
            first_done.wait(10)

    thread = threading.Thread(target=second)
    with store.work():
        thread.start()
        second_open.wait(10)
        store.put_bytes("text/plain", b"of the first")
    assert gone(store) == 0, "nobody knows whose it was, so it stays until both have ended"
    first_done.set()
    thread.join()
    assert gone(store) == 1


def test_what_is_not_whole_gets_no_name(store: Layout):
    image = put_image(store, "a:1", layer(1, 100))
    store.untag("a:1")
    store.blob_path(image.manifest.layers[0].digest).unlink()
    with pytest.raises(NotFound, match="not in the store"):
        store.tag("a:2", image.descriptor)
    assert store.names() == {}


def test_a_dry_run_removes_nothing(store: Layout):
    put_image(store, "a:1", layer(1, 100))
    store.untag("a:1")
    would = collect(store, Reporter(), dry_run=True)
    assert (would.blobs, would.bytes > 100) == (3, True)
    assert collect(store, Reporter()) == would
    assert check(store, Reporter()).blobs == 0


def test_roots_stay(store: Layout):
    part = store.put_bytes("text/plain", b"kept by a key")
    store.tag("a:1", part)
    store.untag("a:1")
    assert collect(store, Reporter(), lambda: [part.digest]).blobs == 0
    assert collect(store, Reporter()).blobs == 1
