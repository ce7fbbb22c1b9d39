"""Write JSON lines to rotating files in one folder, removing the oldest."""

import contextlib
import os
import time
from pathlib import Path
from typing import IO

SUFFIX = ".jsonl"


class RotatingFile:
    """Where one process appends lines; other processes write files of their own beside it."""

    def __init__(self, folder: Path, size: int, keep: int) -> None:
        self._folder = folder
        self._size = size
        self._keep = keep
        self._file: IO[bytes] | None = None

    def write(self, lines: bytes) -> None:
        """Append whole lines and hand them to the system."""
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            # A name that no process has had before: numbers of processes repeat in containers.
            seconds, rest = divmod(time.time_ns(), 10**9)
            moment = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(seconds))}{rest:09d}"
            name = f"{moment}-{os.urandom(4).hex()}{SUFFIX}"
            self._file = (self._folder / name).open("xb", buffering=0)
            self._file.write(lines)
            self._remove_oldest()
        else:
            self._file.write(lines)
        if self._file.tell() >= self._size:
            self.close()

    def close(self) -> None:
        """Begin a new file with the next line."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _remove_oldest(self) -> None:
        files = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda path: path.name)
        for path in files[: -self._keep]:
            with contextlib.suppress(FileNotFoundError):  # another process removes, too
                path.unlink()
