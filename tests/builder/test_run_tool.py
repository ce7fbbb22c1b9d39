"""Programs that a build runs leave nothing open in a kernel that lives for days."""

import sys
import threading
from pathlib import Path

import pytest

from jupyter_modelpack.builder.run_tool import run_tool
from jupyter_modelpack.errors import BuildFailed, Cancelled
from jupyter_modelpack.events import Reporter


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_its_pipes_are_closed_when_it_ends():
    before = open_files()
    told = run_tool([sys.executable, "-Sc", "print(input())"], Reporter(), step="Asking", text="said")
    assert (told, open_files()) == ("said\n", before)


def test_its_pipes_are_closed_when_it_fails_without_reading():
    before = open_files()
    with pytest.raises(BuildFailed) as failed:
        run_tool([sys.executable, "-Sc", "raise SystemExit('no')"], Reporter(), step="Asking", text="said" * 100_000)
    assert failed.value.log_tail == ("no",)
    assert open_files() == before


def test_its_pipes_are_closed_when_it_is_cancelled():
    before, running = open_files(), set(threading.enumerate())
    report = Reporter(lambda _line: report.cancel())
    program = "import sys, time; print('here', file=sys.stderr, flush=True); time.sleep(600)"
    with pytest.raises(Cancelled):
        run_tool([sys.executable, "-Sc", program], report, step="Waiting")
    for thread in set(threading.enumerate()) - running:  # each closes its own
        thread.join(30)
    assert open_files() == before


def test_it_ends_when_whoever_takes_its_lines_fails():
    before, running = open_files(), set(threading.enumerate())
    numbers: list[int] = []

    def take(line: str) -> None:
        numbers.append(int(line))
        raise LookupError(line)

    program = "import os, sys, time; print(os.getpid(), file=sys.stderr, flush=True); time.sleep(600)"
    with pytest.raises(LookupError):
        run_tool([sys.executable, "-Sc", program], Reporter(), step="Waiting", on_line=take)
    assert not Path(f"/proc/{numbers[0]}").exists()
    for thread in set(threading.enumerate()) - running:
        thread.join(30)
    assert open_files() == before
