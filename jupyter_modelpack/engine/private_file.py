"""Replace a file that this user alone may read, at once: a reader sees the old or the new one."""

from __future__ import annotations

import json
import os
from pathlib import Path


def write_json(path: Path, content: object) -> None:
    """Replace a JSON file."""
    write(path, json.dumps(content).encode())


def write(path: Path, content: bytes) -> None:
    """Replace a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "wb", opener=_private) as file:
        file.write(content)
    temporary.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
