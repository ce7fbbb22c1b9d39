"""Which files of a source folder hold no secret, remembered as long as each stays as it was.

A cell that packages a folder is run again and again, and searching a gigabyte takes seconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.analysis.file_state import is_settled, state_of
from jupyter_modelpack.builder.context.secret_text import version
from jupyter_modelpack.errors import Denied, Unavailable
from jupyter_modelpack.limits import SEARCHED_FOLDERS
from jupyter_modelpack.store.files import TEMP_PREFIX, write_file


class Searched:
    """The note of one folder; a folder's files are few enough for one (`limits.SOURCE_FILES`).

    Args:
        folder: The folder that ships.

    """

    def __init__(self, folder: Path) -> None:
        name = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()
        self._note = home.cache() / "searched" / name
        self._before = self._read()
        self._now: dict[str, list[int]] = {}

    def is_clean(self, name: str, path: Path) -> bool:
        """Whether the file that ships under this name was searched and is as it was; it is not opened."""
        state = self._before.get(name)
        if state is None:
            return False
        try:
            clean = state == state_of(os.lstat(path))  # its path is the real one: a link there is another file
        except OSError:  # who opens it says what is wrong
            return False
        if clean:
            self._now[name] = state
        return clean

    def add(self, name: str, before: os.stat_result, after: os.stat_result) -> None:
        """Take down that a file holds no secret, unless it changed while it was searched, or shortly before."""
        state = state_of(before)
        if state == state_of(after) and is_settled(before):
            self._now[name] = state

    def keep(self, *, whole: bool) -> None:
        """Write the note, if it says anything new.

        Args:
            whole: Whether all files were looked at, so that the others are gone.

        """
        now = self._now if whole else {**self._before, **self._now}
        if now == self._before:
            with contextlib.suppress(OSError):
                os.utime(self._note)  # used: others are older
            return
        data = json.dumps({"rules": version(), "files": now}, separators=(",", ":")).encode()
        with contextlib.suppress(Denied, Unavailable):  # without it, the next search is as long as this one
            write_file(self._note, data, durable=False)
            self._forget_oldest()

    def _read(self) -> dict[str, list[int]]:
        try:
            known = json.loads(self._note.read_bytes())
            return dict(known["files"]) if known["rules"] == version() else {}
        except (OSError, ValueError, KeyError, TypeError):  # it is only a cache: a damaged note is no note
            return {}

    def _forget_oldest(self) -> None:
        notes = []
        for path in self._note.parent.glob(f"[!{TEMP_PREFIX[0]}]*"):
            with contextlib.suppress(FileNotFoundError):  # another program forgets, too
                notes.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(notes)[:-SEARCHED_FOLDERS]:
            path.unlink(missing_ok=True)
