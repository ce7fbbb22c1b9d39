"""The interpreters that compile: what fails is a sentence, and nothing of them stays."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels import bytecode
from jupyter_modelpack.builder.wheels.bytecode import Compilers
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import Platform

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
TARGET = BuildTarget(PYTHON, Platform("linux", "amd64"), sys.executable)
LARGE = [(f"{number}.py", b"x = 1\n" * 200_000) for number in range(8)]
"""Each one more than a pipe takes before it is read."""


def test_one_that_was_killed_is_a_build_that_failed():
    """As by the kernel, where memory runs out; the rest of what it was sent is no error of its own."""
    compilers = Compilers(TARGET, Reporter())
    with pytest.raises(BuildFailed, match="the interpreter that compiles has ended"), compilers:
        end(compilers).compile([("a.py", b"x = 1\n")])


def end(compilers: Compilers) -> Compilers:
    for process in compilers._started:
        process.kill()
        process.wait()
    return compilers


def test_after_one_failed_whoever_waits_is_told_too():
    with Compilers(TARGET, Reporter()) as compilers, ThreadPoolExecutor(4) as pool:
        end(compilers)
        for found in [pool.submit(compilers.compile, LARGE) for _ in range(8)]:
            assert isinstance(found.exception(30), BuildFailed)


def test_half_an_answer_is_not_the_next_one(tmp_path, monkeypatch):
    """The first read breaks off, as where memory runs out in this process."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    with Compilers(TARGET, Reporter()) as compilers:
        (process,) = compilers._started
        process.stdout = Interrupted(process.stdout)
        with pytest.raises(MemoryError):
            compilers.compile([("a.py", b"x = 1\n")])
        with pytest.raises(BuildFailed):
            compilers.compile([("b.py", b"x = 2\n")])


class Interrupted:
    def __init__(self, pipe):
        self._pipe, self._reads = pipe, 0

    def read(self, size):
        self._reads += 1
        if self._reads == 2:
            raise MemoryError
        return self._pipe.read(size)

    def close(self):
        self._pipe.close()


def test_where_the_system_starts_no_more_those_that_run_end(monkeypatch):
    started: list[subprocess.Popen] = []
    real = subprocess.Popen

    def scarce(*given, **options):
        if started:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        started.append(real(*given, **options))
        return started[0]

    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(bytecode.subprocess, "Popen", scarce)
    before = threading.active_count()
    with pytest.raises(BlockingIOError), Compilers(TARGET, Reporter()):
        pass
    assert started[0].returncode is not None
    assert started[0].stdin.closed
    assert threading.active_count() == before
