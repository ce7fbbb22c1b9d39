"""Folders for the process engine: whole or not at all, and gone once nobody needs them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.builder.local_run import run_folders
from jupyter_modelpack.commands.gc import gc
from jupyter_modelpack.events import Reporter
from tests.faults.child import Child


@pytest.fixture
def place(home: Path) -> Path:
    return run_folders.folder(run_folders.APPS, "0123456789abcdef")


def fill(path: Path) -> None:
    (path / "score.py").write_text("x" * 1000)


def make(place: Path) -> Path:
    """Make the folder in a process that has ended, as a notebook of yesterday has."""
    Child(lambda say: say(str(run_folders.once(place, fill)))).wait()
    assert (place / "score.py").exists()
    return place


def test_a_folder_that_nobody_holds_is_collected(place: Path):
    make(place)
    assert run_folders.collect(dry_run=True) == (1, 1000)
    assert run_folders.collect() == (1, 1000)
    assert not place.exists()
    assert run_folders.collect() == (0, 0)
    make(place)


def test_the_verb_says_what_went(place: Path):
    Workspace.create("ws")
    make(place)
    assert [(row.where, row.bytes) for row in gc(Reporter(), workspace="ws").rows][-1] == ("processes", 1000)


def test_a_process_keeps_what_it_wrote_out_or_found(place: Path):
    make(place)
    run_folders.once(place, fill)
    assert Child(lambda say: say(str(run_folders.collect()))).wait().said == ["(0, 0)"]
    assert place.exists()


def test_a_folder_stays_while_something_runs_in_it(place: Path):
    make(place)
    with subprocess.Popen([sys.executable, "-c", "input()"], cwd=place, stdin=subprocess.PIPE) as process:
        assert run_folders.collect() == (0, 0)
        process.communicate(b"\n")
    assert run_folders.collect() == (1, 1000)


def test_a_folder_that_was_never_whole_is_swept(place: Path):
    def killed(path: Path) -> None:
        fill(path)
        os.kill(os.getpid(), 9)

    Child(lambda _say: run_folders.once(place, killed)).wait()
    assert not place.exists()
    assert [path.name for path in place.parent.iterdir() if path.is_dir()] != []
    run_folders.collect()
    assert [path.name for path in place.parent.iterdir() if path.is_dir()] == []


def test_a_folder_that_cannot_be_filled_is_not_there(place: Path):
    def fail(path: Path) -> None:
        fill(path)
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        run_folders.once(place, fail)
    assert [path for path in place.parent.iterdir() if path.is_dir()] == []
