"""F4 and F23: many writers and a collector at work in one store lose nothing."""

import subprocess
import threading
import time
from pathlib import Path

import pytest

from jupyter_modelpack import Model
from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import LAYER
from jupyter_modelpack.store.check import check
from jupyter_modelpack.store.gc import collect
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.lease import leased
from tests.faults import times
from tests.faults.child import Child
from tests.faults.disk import tmpfs
from tests.faults.workload import package, register, small_cache, workspace, wrong
from tests.registry.samples import layer, put_image

WRITERS = 16


def collecting(folder: Path, stop: Path, say) -> None:
    """Collect without a pause; say how much in the end."""
    store, rounds, removed = Layout(folder), 0, 0
    while not stop.exists():
        rounds, removed = rounds + 1, removed + collect(store, Reporter()).blobs
    say(f"{rounds} {removed}")


def packaging(folder: Path, cache: Layout, writer: int, count: int, say) -> None:
    for number in range(count):
        tag = f"w{writer}-{number}"
        model = register(folder, "m", tag.encode() * 50)
        package(folder, tag, model, cache)
        say(tag)
        # ... and some rubbish: an image that loses its name, a layer that never gets one.
        package(folder, f"{tag}-gone", model, cache)
        store = workspace(folder).store
        store.untag(f"package:{tag}-gone")
        with store.work():
            store.put_bytes(LAYER, f"{tag} was cancelled".encode())


def test_many_writers_and_a_collector(tmp_path: Path, scoreboard):
    folder, stop, count = tmp_path / "ws", tmp_path / "stop", times(20, 50)
    cache = small_cache(tmp_path / "cache")
    workspace(folder)
    collector = Child(lambda say: collecting(folder, stop, say))
    started = time.monotonic()
    writers = [
        Child(lambda say, writer=writer: packaging(folder, cache, writer, count, say)) for writer in range(WRITERS)
    ]
    outcomes = [writer.wait(600) for writer in writers]
    seconds = time.monotonic() - started
    stop.touch()
    rounds, removed = collector.wait().said[-1].split()
    committed = [f"package:{tag}" for outcome in outcomes for tag in outcome.said]
    problems = wrong(folder, committed)
    versions = sorted(model.version for model in Model.list(workspace(folder), "m"))
    scoreboard(
        "parallel writers with a collector",
        f"{WRITERS} x {count}: {len(committed)} of {WRITERS * count} present, {len(problems)} lost or corrupt, "
        f"{rounds} collections removed {removed} blobs, {seconds:.1f} s",
    )
    assert {outcome.status for outcome in outcomes} == {0}
    assert len(committed) == WRITERS * count
    assert problems == []
    assert versions == list(range(1, WRITERS * count + 1))
    assert int(rounds) > 10
    assert int(removed) + collect(Layout(folder), Reporter()).blobs == WRITERS * count * 4, "all the rubbish"
    assert leased(folder) == set(), "everybody has ended"


def test_skopeo_on_the_same_job(tmp_path: Path, scoreboard):
    """What the usual tool does with it; a figure to compare with, so nothing is asked of it."""
    source = Layout.create(tmp_path / "source")
    for number in range(WRITERS):
        put_image(source, f"package:{number}", layer(number, 1000))
    pairs = [(f"oci:{source.path}:package:{number}", f"oci:{tmp_path / 'out'}:{number}") for number in range(WRITERS)]
    running = [subprocess.Popen(["skopeo", "copy", "--quiet", *pair]) for pair in pairs]
    done = [one.wait(60) for one in running]
    kept = len(Layout(tmp_path / "out").index().manifests)
    scoreboard("skopeo copy, for comparison", f"{done.count(0)} of {WRITERS} say success, {kept} entries are left")
    assert done.count(0) >= kept


def test_writers_meet_a_full_disk_and_a_collector(tmp_path: Path):
    cache = small_cache(tmp_path / "cache")
    with tmpfs(tmp_path / "disk", "1500k") as mount:
        folder, stop = mount / "ws", tmp_path / "stop"
        workspace(folder)
        collector = Child(lambda say: collecting(folder, stop, say))
        writers = [Child(lambda say, writer=writer: packaging(folder, cache, writer, 40, say)) for writer in range(4)]
        outcomes = [writer.wait() for writer in writers]
        stop.touch()
        collector.wait()
        committed = [f"package:{tag}" for o in outcomes for tag in o.said if not tag.startswith("error")]
        assert {outcome.said[-1] for outcome in outcomes} == {"error disk-full"}
        assert wrong(folder, committed) == []


# --- leases, one step after the other ---


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
