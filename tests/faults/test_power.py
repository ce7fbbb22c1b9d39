"""promises.md F3: after a power cut everything that was reported done is there, and nothing is half there."""

import os
import random
import shutil
import time
from pathlib import Path

from tests.faults import times
from tests.faults.child import Child
from tests.faults.disk import PowerCut
from tests.faults.workload import register_and_package, small_cache, workspace, wrong


def work_on(folder: Path, say, *, durable: bool = True) -> None:
    if not durable:
        os.fsync = lambda _handle: None
    cache = small_cache(folder / "cache")
    number = 0
    while True:
        register_and_package(folder / "ws", f"t{number}", say, cache)
        number += 1


def cuts(folder: Path, count: int, *, durable: bool = True) -> tuple[int, list[str]]:
    """Cut the power `count` times; return how much was committed by then, and what was wrong."""
    disk, dice, problems = PowerCut(folder), random.Random(2), []
    with disk.running() as running:
        workspace(running / "ws")
        os.sync()
        child = Child(lambda say: work_on(running, say, durable=durable))
        try:
            for number in range(count):
                before, deadline = len(child.said()), time.monotonic() + 30
                while len(child.said()) == before and time.monotonic() < deadline:
                    time.sleep(0.001)
                time.sleep(dice.uniform(0, 0.1))
                child.pause()
                committed = child.said()
                with disk.cut() as after:
                    if (after / "ws").exists():
                        problems += [f"cut {number}: {problem}" for problem in wrong(after / "ws", committed)]
                    else:
                        problems.append(f"cut {number}: no workspace")
                child.go_on()
        finally:
            outcome = child.kill()
        assert "error" not in " ".join(outcome.said), outcome.said[-1]
        return len(outcome.said), problems


def test_power_cuts(tmp_path: Path, scoreboard):
    wanted, made, committed, problems = times(50, 500), 0, 0, []
    while made < wanted:
        folder = tmp_path / f"disk{made}"
        folder.mkdir()
        count = min(10, wanted - made)
        done, found = cuts(folder, count)
        made, committed, problems = made + count, committed + done, problems + found
        shutil.rmtree(folder)
    scoreboard("power cuts (loop ext4)", f"{made} cuts: {len(problems)} corrupt or lost, {committed} committed")
    assert problems == []
    assert committed > made


def test_without_fsync_a_power_cut_loses(tmp_path: Path):
    """The cut has teeth: the same work without fsync does not survive it."""
    _, problems = cuts(tmp_path, 3, durable=False)
    assert problems
