"""What a job has done, line by line in a file: so it is found again by a server that starts again."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_modelpack import home
from jupyter_modelpack.engine.process.tail import read_lines
from jupyter_modelpack.limits import JOURNAL_LINE_BYTES
from jupyter_modelpack.record_format import FIELD, check_format
from jupyter_modelpack.store.files import make_folder

KEPT = 30
"""Journals of jobs that have ended; the package's own log stays with the package."""

_FORMAT = 1
"""Of a journal; its first line says it."""

_NAME = re.compile(r"\d{20}-[0-9a-f]{8}")
"""By the microsecond: pages and servers sort jobs by name, and two are begun in one second."""


def folder() -> Path:
    """Where journals lie."""
    return home.home() / "jobs"


def create(head: Mapping[str, Any]) -> tuple[str, BinaryIO]:
    """Begin a journal; its file is locked as long as it is held open."""
    make_folder(folder())
    _tidy()
    name = f"{datetime.now(UTC):%Y%m%d%H%M%S%f}-{secrets.token_hex(4)}"
    handle = os.open(path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    file = os.fdopen(handle, "wb", buffering=0)
    _add(file, {FIELD: _FORMAT, "at": time.time(), "kind": "head", "data": head})
    return name, file


def write(file: BinaryIO, kind: str, data: Any) -> None:
    """Add a line."""
    _add(file, {"at": time.time(), "kind": kind, "data": data})


def _add(file: BinaryIO, line: Mapping[str, Any]) -> None:
    file.write(json.dumps(line).encode() + b"\n")


def path(name: str) -> Path:
    """Return the file of a journal."""
    return folder() / f"{name}.jsonl"


def names() -> list[str]:
    """Return the journals there are, oldest first."""
    found = folder()
    return sorted(one.stem for one in found.glob("*.jsonl") if _NAME.fullmatch(one.stem)) if found.is_dir() else []


def alive(name: str) -> bool:
    """Whether the job's process still holds its journal."""
    with path(name).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def lines(name: str, wait: Callable[[], bool] | None) -> Iterator[dict[str, Any]]:
    """Yield what the journal says; with `wait`, also what it will say, as `read_lines` does.

    Raises:
        Conflict: a newer modelpack has written it.

    """
    for line in read_lines(path(name), None, wait, JOURNAL_LINE_BYTES):
        try:
            found = json.loads(line)
        except ValueError:
            continue  # the last line of a process that was killed while it wrote
        if not isinstance(found, dict):
            continue
        check_format(found, _FORMAT, str(path(name)))
        if {"at", "kind", "data"} <= set(found):
            yield found


def _tidy() -> None:
    for name in names()[: -KEPT or None]:
        with suppress(FileNotFoundError):  # another server of this user tidies, too
            if not alive(name):
                path(name).unlink()
