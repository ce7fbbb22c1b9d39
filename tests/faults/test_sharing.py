"""On disks whose files may share their blocks a registered model takes no space of its own."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from jupyter_modelpack import Model
from jupyter_modelpack.errors import Cancelled, Unavailable
from jupyter_modelpack.events import Progress, Reporter
from jupyter_modelpack.oci.layer import ALIGNED
from jupyter_modelpack.store import failpoints
from jupyter_modelpack.store.check import check
from tests.faults.disk import btrfs, temporary, xfs
from tests.faults.steps import killed_at, steps_of
from tests.faults.workload import register_file, workspace, wrong

MODEL = 64 << 20
SPARE = 6 << 20
"""Bytes that the rest of a workspace and a disk's own books may take."""


@pytest.fixture(params=[btrfs, xfs], ids=["btrfs", "xfs"])
def disk(request, tmp_path):
    with request.param(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def weights(disk) -> Path:
    path = disk / "weights.bin"
    path.write_bytes(os.urandom(MODEL - 1234))
    os.sync()
    return path


def used(disk: Path) -> int:
    os.sync()
    found = os.statvfs(disk)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def layer(model: Model) -> str:
    return model.part().layer.digest


def test_a_model_is_not_written_again_and_its_layer_is_the_same(disk, weights, tmp_path):
    before = used(disk)
    model = register_file(disk / "ws", "large", weights)
    assert used(disk) - before < SPARE
    assert layer(model) == layer(register_file(tmp_path / "ws", "large", weights)), "on a disk that copies"
    assert not check(workspace(disk / "ws").store, Reporter()).findings


def test_what_becomes_of_the_file_is_nothing_to_the_model(disk, weights):
    model, content = register_file(disk / "ws", "large", weights), weights.read_bytes()
    with weights.open("r+b") as file:
        file.write(b"changed")
    assert Path(model.download(disk / "back")).read_bytes() == content
    weights.unlink()
    assert not check(workspace(disk / "ws").store, Reporter()).findings


def test_a_cancelled_registration_leaves_nothing(disk, weights):
    ws = workspace(disk / "ws")
    report = Reporter(
        lambda event: report.cancel() if isinstance(event, Progress) and event.done > MODEL // 2 else None
    )
    with pytest.raises(Cancelled):
        Model.register(ws, weights, "large", report=report)
    assert not ws.models
    assert sum(path.stat().st_size for path in (disk / "ws").rglob("*") if path.is_file()) < SPARE


def test_a_folder_s_files_are_shared_each(disk, weights):
    folder = disk / "model"
    folder.mkdir()
    for number, size in enumerate([1, 4096, (1 << 20) - 1, 1 << 20, (5 << 20) + 7, 20 << 20]):
        (folder / f"{number}.bin").write_bytes(os.urandom(size))
    before = used(disk)
    model = register_file(disk / "ws", "several", folder)
    assert used(disk) - before < SPARE
    back = Path(model.download(disk / "back"))
    assert {path.name: path.read_bytes() for path in back.rglob("*.bin")} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


@pytest.fixture
def small(disk) -> Path:
    """Just large enough to be shared."""
    path = disk / "small.bin"
    path.write_bytes(os.urandom(ALIGNED))
    return path


def test_a_kill_at_every_step_of_it(disk, small, monkeypatch):
    folder = disk / "ws"
    committed = [f"models/{register_file(folder, 'before', small).id}"]
    steps = steps_of(lambda: register_file(folder, "counted", small), monkeypatch)
    for step in range(1, steps + 1):
        killed = killed_at(step, lambda _say, step=step: register_file(folder, f"m{step}", small)).wait()
        assert killed.status == -signal.SIGKILL
        assert wrong(folder, committed) == []
    register_file(folder, "large", small)
    assert wrong(folder, committed) == []


def test_every_step_of_it_may_fail(disk, small, monkeypatch):
    folder, done = disk / "ws", []
    committed = [f"models/{register_file(folder, 'before', small).id}"]
    steps = steps_of(lambda: register_file(folder, "counted", small), monkeypatch)
    for step in range(1, steps + 1):
        monkeypatch.setenv(failpoints.VARIABLE, f"ENOSPC@{failpoints.reached() + 1 + step}")
        with contextlib.suppress(Unavailable):  # what only sweeps may fail without a word
            register_file(folder, f"m{step}", small)
            done.append(step)
        monkeypatch.delenv(failpoints.VARIABLE)
        assert temporary(folder) == []
        assert wrong(folder, committed) == []
    assert len(done) < steps / 2
