"""promises.md F2: SIGKILL at any moment corrupts nothing and loses nothing that was reported done."""

import os
import random
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from jupyter_modelpack import Model
from jupyter_modelpack.store.layout import Layout
from tests.faults import times
from tests.faults.child import Child
from tests.faults.steps import killed_at, steps_of
from tests.faults.workload import register_and_package, small_cache, workspace, wrong


def test_a_kill_at_every_store_write(tmp_path: Path, monkeypatch, scoreboard):
    folder, cache = tmp_path / "ws", small_cache(tmp_path / "cache")
    workspace(folder)
    register_and_package(folder, "before", cache=cache)
    steps = steps_of(partial(register_and_package, folder, "counted"), monkeypatch)
    assert steps > 30
    committed, slowest, problems = ["package:before", "package:counted"], 0.0, []
    for step in range(1, steps + 1):
        outcome = killed_at(step, lambda say, step=step: register_and_package(folder, f"t{step}", say)).wait()
        assert outcome.status == -signal.SIGKILL, outcome
        committed += outcome.said
        started = time.monotonic()
        Layout.create(folder)
        slowest = max(slowest, time.monotonic() - started)
        problems += wrong(folder, committed)
    scoreboard(
        "kill -9 at every store write", f"{steps} kills: {len(problems)} faults, slowest restart {slowest:.3f} s"
    )
    assert problems == []
    assert slowest < 1
    register_and_package(folder, "after")


def test_a_kill_at_every_step_of_a_delete(tmp_path: Path, monkeypatch):
    """A package, or a model, is there as it was or not at all; what else there is stays."""
    folder = tmp_path / "ws"

    def delete(number: int) -> None:
        there = {one.record.name: one for one in workspace(folder).packages}
        (folder / "logs").mkdir(exist_ok=True)
        there[f"package:{number}"].delete()
        Model(workspace(folder), id=f"m:{number + 1}").delete()

    for number in range(2):
        register_and_package(folder, str(number))
    steps = steps_of(partial(delete, 1), monkeypatch)
    assert steps >= 6
    kept = ["package:0", "models/m:1"]
    for step in range(1, steps + 1):
        number = step + 1
        register_and_package(folder, str(number))
        outcome = killed_at(step, lambda _say, number=number: delete(number)).wait()
        assert outcome.status == -signal.SIGKILL, outcome
        assert wrong(folder, kept) == []
        there = f"package:{number}" in Layout.create(folder).names()
        if there:  # begun again, it goes through
            delete(number)
    assert [one.record.name for one in workspace(folder).packages] == ["package:0"]


def whole(folder: Path, cache: Layout) -> float:
    """How long a child takes when nobody kills it."""
    started = time.monotonic()
    outcome = Child(lambda say: register_and_package(folder, "whole", say, cache)).wait()
    assert outcome.status == 0, outcome
    return time.monotonic() - started


def test_kills_at_random_moments(tmp_path: Path, scoreboard):
    folder, cache = tmp_path / "ws", small_cache(tmp_path / "cache")
    register_and_package(folder, "before", cache=cache)
    length, dice, kills = whole(folder, cache), random.Random(1), times(200, 2000)
    committed, problems, survived, done = ["package:before"], [], 0, 0
    for number in range(kills):
        if number % 50 == 49 and number < kills - 1:  # a large store would take longer to check than to disturb
            folder, committed = tmp_path / f"ws{number}", []
        child = Child(partial(register_and_package, folder, f"t{number}", cache=cache))
        time.sleep(dice.uniform(0, length * 1.2))
        outcome = child.kill()
        survived += outcome.status == 0
        length *= 0.96 if outcome.status == 0 else 1.01  # the machine may be busier, or less, than it was
        committed += outcome.said
        done += len(outcome.said)
        problems += wrong(folder, committed)
    scoreboard(
        "kill -9 at random moments",
        f"{kills} kills ({survived} came too late): {len(problems)} corrupt or lost, {done} committed",
    )
    assert problems == []
    register_and_package(folder, "after")
    subprocess.run(["skopeo", "inspect", "--raw", f"oci:{folder}:package:after"], check=True, capture_output=True)
    assert survived < kills / 2, "the kills came too late to prove anything"
    assert done > kills / 10, "the kills came too early to prove anything"


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_the_harness_sees_what_it_is_for(tmp_path: Path, monkeypatch, call):
    """Break the promise on purpose: a blob that gets its name before its bytes must be found out."""
    folder = tmp_path / "ws"
    register_and_package(folder, "before")
    blob = max((folder / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    if call == "fsync":
        os.truncate(blob, 10)
        assert any(problem.startswith("damaged") for problem in wrong(folder, []))
    else:
        blob.unlink()
        assert any(problem.startswith("missing") for problem in wrong(folder, []))
    assert "lost package:never" in wrong(folder, ["package:never"])
