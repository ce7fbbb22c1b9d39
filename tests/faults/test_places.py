"""promises.md F13: the store on file systems other than ext4; promises.md F11: clocks that are wrong."""

import contextlib
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_modelpack.events import Reporter
from jupyter_modelpack.store.gc import collect
from jupyter_modelpack.store.layout import Layout
from tests.faults.child import Child
from tests.faults.disk import btrfs, ext4, no_flock, overlay, tmpfs, xfs
from tests.faults.workload import package, register, register_and_package, small_cache, workspace, wrong
from tests.services import CHECKOUT
from tests.services.packages import need

MOUNTS = {"ext4": ext4, "tmpfs": lambda folder: tmpfs(folder, "256m"), "overlay": overlay, "btrfs": btrfs, "xfs": xfs}


@pytest.mark.parametrize("mount", MOUNTS.values(), ids=MOUNTS)
def test_the_store_s_own_tests_pass_there(tmp_path: Path, mount):
    with mount(tmp_path / "disk") as disk:
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={disk / 'tests'}"]
        done = subprocess.run([*argv, "tests/store"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:]


def no_link() -> None:
    def refuse(*_what, **_how) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    os.link = refuse


LACKS = {"nothing": [], "flock": [no_flock], "hard links": [no_link], "both": [no_flock, no_link]}


@pytest.mark.parametrize("mount", [contextlib.nullcontext, *MOUNTS.values()], ids=["here", *MOUNTS])
@pytest.mark.parametrize("lacks", LACKS.values(), ids=LACKS)
def test_writers_and_a_collector_there(tmp_path: Path, mount, lacks):
    (tmp_path / "disk").mkdir()
    with mount(tmp_path / "disk"):
        disk = tmp_path / "disk"
        folder, cache = disk / "ws", small_cache(tmp_path / "cache")
        workspace(folder)

        def work(writer: int, say) -> None:
            for lack in lacks:
                lack()
            for number in range(3):
                register_and_package(folder, f"w{writer}-{number}", say, cache)
                collect(workspace(folder).store, Reporter())

        outcomes = [child.wait() for child in [Child(lambda say, n=n: work(n, say)) for n in range(4)]]
        assert {outcome.status for outcome in outcomes} == {0}, outcomes
        committed = [line for outcome in outcomes for line in outcome.said]
        assert len(committed) == 24
        assert wrong(folder, committed) == []


CLOCKS = ["2016-02-29 12:00:00", "2026-03-29 01:59:59", "2036-01-01 00:00:00", "1980-01-01 00:00:01"]


def test_the_clock_decides_nothing(tmp_path: Path):
    """The same image under every clock, and no collector that takes old for unused."""
    need("faketime")
    folder = tmp_path / "ws"
    model = register(folder, "m", b"model")
    wanted = package(folder, "now", model)
    program = (
        "import sys; from pathlib import Path; from jupyter_modelpack import Model;"
        "from jupyter_modelpack.events import Reporter; from jupyter_modelpack.store.gc import collect;"
        "from tests.faults.workload import package, workspace;"
        "folder = Path(sys.argv[1]); store = workspace(folder).store;"
        "assert collect(store, Reporter()).blobs == 1;"
        "work = store.work(); work.__enter__();"
        "store.put_bytes('text/plain', sys.argv[2].encode());"
        "assert collect(store, Reporter()).blobs == 0;"
        "print(package(folder, 'now', Model(workspace(folder), id='m:1')))"
    )
    store = Layout(folder)
    for clock in CLOCKS:
        with store.work():
            store.put_bytes("text/plain", f"rubbish of {clock}".encode())
        argv = ["faketime", "-f", f"@{clock}", sys.executable, "-c", program, folder, clock]
        done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        assert done.stdout.strip() == wanted, done.stderr[-2000:]
        assert wrong(folder, ["package:now", "models/m:1"]) == []
        assert collect(store, Reporter()).blobs == 1
