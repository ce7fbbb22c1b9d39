"""Run another program as a step of a build, with live output, one clear error and cancellation."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from jupyter_modelpack.errors import BuildFailed, Unavailable
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.redact import scrub

TAIL_LINES = 20
CANCEL_SECONDS = 0.1
"""Seconds that a cancel may go unnoticed while a program is silent."""


def run_tool(
    argv: Sequence[str],
    report: Reporter,
    *,
    step: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    text: str = "",
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run a program to its end and return what it wrote to stdout.

    Args:
        argv: Program and arguments; no shell is involved.
        report: Asked for cancel; gets each line of stderr unless `on_line` takes them.
        step: The step's name for errors.
        cwd: Folder to run in.
        env: The whole environment; None for ours.
        text: The program's stdin.
        on_line: Called with each line of stderr, instead of the log.

    Raises:
        BuildFailed: it ended with another status than 0; carries its last lines.
        Unavailable: there is no such program.
        Cancelled: the user cancelled; the program and its children are gone.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise Unavailable(f"{step}: the program {argv[0]!r} is not installed.", code="no-program") from error
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    lines: queue.Queue[str | None] = queue.Queue()  # SimpleQueue.get(timeout=...) may wait for ever (CPython to 3.14)
    output: list[bytes] = []
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None  # noqa: S101, PT018
    threads = [
        threading.Thread(target=_feed, args=(process.stdin, text.encode()), daemon=True),
        threading.Thread(target=_read, args=(process.stdout, output), daemon=True),
        threading.Thread(target=_lines, args=(process.stderr, lines), daemon=True),
    ]
    try:
        for thread in threads:
            thread.start()
        while True:
            try:
                line = lines.get(timeout=CANCEL_SECONDS)
            except queue.Empty:
                report.check()
                continue
            if line is None:
                break
            line = scrub(line)
            tail.append(line)
            (on_line or report.log)(line)
            report.check()
        status = process.wait()
    except BaseException:  # also what `on_line` raises
        _end(process)
        raise
    for thread in threads:
        thread.join()
    if status:
        raise BuildFailed(f"{step} failed: {Path(argv[0]).name} exited with {status}.", step=step, log_tail=tuple(tail))
    return b"".join(output).decode(errors="replace")


# Each thread closes its own end: only it knows when nothing is read from it any more, also after a cancel.


def _feed(pipe: IO[bytes], data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), pipe:  # the program ended without reading; its exit status tells
        pipe.write(data)


def _read(pipe: IO[bytes], output: list[bytes]) -> None:
    with pipe:
        output.append(pipe.read())


def _lines(pipe: IO[bytes], lines: queue.Queue[str | None]) -> None:
    with pipe:
        for line in pipe:
            lines.put(line.decode(errors="replace").rstrip("\r\n"))
    lines.put(None)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()
