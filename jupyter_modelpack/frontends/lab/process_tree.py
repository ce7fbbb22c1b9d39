"""Ending a process with all that it has started, also what leads a session of its own."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def end_with_children(pid: int) -> None:
    """Kill `pid` and whatever descends from it; the parents first, so that none of them starts another."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    children = _children(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    for child in children:
        end_with_children(child)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, task.read_text(encoding="ascii").split())
    return found
