"""promises.md F1 and F20: a full disk, a used-up limit, a failing disk end in one named error and a sound store."""

import contextlib
import os
import resource
from pathlib import Path

import pytest

from jupyter_modelpack.errors import Unavailable
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store import failpoints
from jupyter_modelpack.store.gc import collect
from jupyter_modelpack.store.layout import Layout
from tests.faults import SOAK, times
from tests.faults.child import Child
from tests.faults.disk import sh, temporary, tmpfs
from tests.faults.steps import steps_of
from tests.faults.workload import MODEL_BYTES, package, register_and_package, register_file, workspace, wrong

PAGE = 4096
EVERY = 1 if SOAK else 3


def used(disk: Path) -> int:
    found = os.statvfs(disk)
    return (found.f_blocks - found.f_bfree) * PAGE


def test_a_disk_that_fills_at_any_point(tmp_path: Path, scoreboard):
    """Sweep the size of a disk from just full to just enough for one more package."""
    mount = tmp_path / "disk"
    with tmpfs(mount, "64m"):
        register_and_package(mount / "ws", "before")
        before = used(mount)
        register_and_package(mount / "ws", "another")
        need = used(mount) - before + 4 * PAGE  # a little more for what is there only for a moment
    steps, done, errors, problems = times(50, 200), 0, [], []
    for step in range(steps):
        with tmpfs(mount, "64m"):
            register_and_package(mount / "ws", "before")
            sh("mount", "-o", f"remount,size={before + need * step // (steps - 1)}", mount)
            committed = ["package:before"]
            try:
                register_and_package(mount / "ws", "tight", committed.append)
                done += 1
            except Unavailable as error:
                errors.append((error.code, error.retry))
            problems += [f"step {step}: {what}" for what in (*temporary(mount), *wrong(mount / "ws", committed))]
            sh("mount", "-o", "remount,size=64m", mount)
            register_and_package(mount / "ws", "again")  # in the same process, once there is space
    scoreboard("full disk", f"{steps} sizes ({len(errors)} too small): {len(problems)} corrupt, lost or left behind")
    assert problems == []
    assert set(errors) == {("disk-full", True)}
    assert len(errors) > steps / 2
    assert done


def test_garbage_can_be_collected_on_a_full_disk(tmp_path: Path):
    with tmpfs(tmp_path / "disk", "8m") as mount:
        store = workspace(mount / "ws").store
        register_and_package(mount / "ws", "kept")
        with store.new_blob() as blob:
            blob.write(bytes(1 << 20))
            blob.commit("text/plain")
        store.tag("kept:2", store.names()["package:kept"])
        with (mount / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(PAGE)):
                pass
        assert collect(store, Reporter()).bytes >= 1 << 20
        assert os.statvfs(mount).f_bfree * PAGE >= 1 << 20


def test_what_cannot_fit_is_not_begun(tmp_path: Path):
    with tmpfs(tmp_path / "disk", "1m") as mount:
        store = Layout.create(mount / "store")
        large = Descriptor("text/plain", Digest.of(b""), 5_000_000)
        with pytest.raises(Unavailable, match=r"needs 5\.0 MB, and the disk .* has 1\.0 MB free"):
            store.put_blob(large, open(os.devnull, "rb"))  # noqa: SIM115, PTH123 - never read
        with pytest.raises(Unavailable, match="needs") as caught, store.new_blob(expected=5_000_000):
            raise AssertionError("it was begun")
        assert caught.value.code == "disk-full"


CODES = {
    "ENOSPC": "disk-full",
    "EDQUOT": "disk-full",
    "EFBIG": "disk-full",
    "EMFILE": "too-many-files",
    "ENFILE": "too-many-files",
    "EIO": "disk-failed",
    "ESTALE": "disk-failed",
}


@pytest.mark.parametrize("name", CODES)
def test_every_step_may_fail(tmp_path: Path, monkeypatch, name, scoreboard):
    folder = tmp_path / "ws"
    register_and_package(folder, "before")
    steps = steps_of(lambda: register_and_package(folder, "counted"), monkeypatch)
    codes = []
    for step in range(1, steps + 1, EVERY):
        committed = ["package:before"]
        monkeypatch.setenv(failpoints.VARIABLE, f"{name}@{failpoints.reached() + 1 + step}")
        try:
            register_and_package(folder, f"t{step}", committed.append)
        except Unavailable as error:
            codes.append(error.code)
        monkeypatch.delenv(failpoints.VARIABLE)
        assert temporary(folder) == []
        assert wrong(folder, committed) == []
    assert set(codes) == {CODES[name]}
    assert len(codes) > steps / EVERY / 2
    scoreboard(f"{name} at a store write", f"{len(codes)} named errors, 0 corrupt")


def test_too_few_file_descriptors(tmp_path: Path, scoreboard):
    folder = tmp_path / "ws"
    register_and_package(folder, "before")
    open_now = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    source = tmp_path / "model"
    source.write_bytes(b"model")
    outcomes, limits = [], range(open_now - 4, open_now + times(16, 96))

    def starved(limit: int):
        def run(say):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            package(folder, f"t{limit}", register_file(folder, "m", source))
            say(f"package:t{limit}")

        return run

    committed = ["package:before"]
    for limit in limits:
        outcome = Child(starved(limit)).wait()
        committed += [line for line in outcome.said if line.startswith("package:")]
        outcomes.append((outcome.status, outcome.said[-1:]))
    unnamed = [outcome for outcome in outcomes if outcome[0] not in {0, 3}]
    named = [outcome for outcome in outcomes if outcome[0] == 3]
    scoreboard("file descriptors", f"{len(limits)} limits: {len(named)} named errors, {len(unnamed)} others, 0 corrupt")
    assert wrong(folder, committed) == []
    assert {said[0] for _, said in named} == {"error too-many-files"}
    assert outcomes[-1][0] == 0
    assert unnamed == []


def test_a_file_that_may_not_grow(tmp_path: Path):
    folder = tmp_path / "ws"
    register_and_package(folder, "before")

    def bounded(say):
        resource.setrlimit(resource.RLIMIT_FSIZE, (MODEL_BYTES, MODEL_BYTES))
        register_and_package(folder, "large", say)  # its layer is a tar, so a little larger than the file

    outcome = Child(bounded).wait()
    assert (outcome.status, outcome.said) == (3, ["error disk-full"])
    assert wrong(folder, ["package:before"]) == []
