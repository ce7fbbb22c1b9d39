"""promises.md F4 and F23: many writers and a collector at work in one store lose nothing."""

import subprocess
import time
from pathlib import Path

from jupyter_modelpack import Model
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import LAYER
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
    said = [line for outcome in outcomes for line in outcome.said]
    committed, errors = [f"package:{tag}" for tag in said if tag[0] == "w"], [line for line in said if line[0] != "w"]
    problems = wrong(folder, committed)
    versions = sorted(model.version for model in Model.list(workspace(folder), "m"))
    scoreboard(
        "parallel writers with a collector",
        f"{WRITERS} x {count}: {len(committed)} of {WRITERS * count} present, {len(problems)} lost or corrupt, "
        f"{len(errors)} writers gave up, {rounds} collections removed {removed} blobs, {seconds:.1f} s",
    )
    assert problems == []
    assert errors == []
    assert {outcome.status for outcome in outcomes} == {0}
    assert len(committed) == WRITERS * count
    assert versions == list(range(1, WRITERS * count + 1))
    assert int(rounds) > 10
    assert int(removed) + collect(Layout(folder), Reporter()).blobs == WRITERS * count * 4, "all the rubbish"
    assert leased(folder) == set(), "everybody has ended"


def test_all_who_want_a_workspace_at_once_get_the_same(tmp_path: Path):
    """What a notebook and a job of the side panel do on a new machine: each needs the default one, none finds it."""
    for number in range(times(30, 300)):
        start, folder = tmp_path / f"start-{number}", tmp_path / f"ws-{number}"

        def create(say, start=start, folder=folder) -> None:
            while not start.exists():
                pass
            say(Workspace.create("ws", path=folder, exist_ok=True).created.isoformat())

        children = [Child(create) for _ in range(6)]
        start.touch()
        outcomes = [child.wait(60) for child in children]
        assert len({outcome.said[0] for outcome in outcomes}) == 1, outcomes


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
