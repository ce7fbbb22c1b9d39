"""One installed distribution: its files as a layer wants them.

Source: the recording-installed-distributions and entry-points specifications. What an installer
stamps on a machine (who, when, from where) is left out; what it wrote for this machine's interpreter
(console scripts) is written anew for the image's.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from configparser import ConfigParser
from functools import cached_property
from pathlib import Path

_STAMPS = {"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"}
_OUTSIDE = {"bin", "share", "etc", "include", "man"}
"""Top-level folders of an installed wheel that belong into the environment, not among its modules."""


class Installed:
    """A distribution in a folder that ``uv pip install --target`` filled.

    Args:
        dist: Its ``.dist-info`` folder.
        cache_tag: As in ``module.<cache_tag>.pyc``; empty when nothing was compiled.
        env: Folder of the environment in the image, absolute.
    """

    def __init__(self, dist: Path, cache_tag: str, env: str) -> None:
        self._dist, self._tree, self._cache_tag, self._env = dist, dist.parent, cache_tag, env
        self._scripts = dict(_entry_points(dist))

    @property
    def name(self) -> str:
        """Its normalised name."""
        return normal(self._dist.name.split("-")[0])

    @property
    def size(self) -> int:
        """Bytes of its files, as far as RECORD says."""
        return sum(int(row[2]) for row in self._rows if len(row) > 2 and row[2].isdecimal())

    def modules(self) -> Iterator[tuple[str, str]]:
        """Yield its modules: path relative to site-packages, where it lies."""
        return ((relative, f"{self._tree}/{relative}") for relative in self._recorded if relative.endswith(".py"))

    def files(self) -> Iterator[tuple[str, str | bytes, bool]]:
        """Yield (path relative to site-packages, content, executable), sorted; ``../../../bin/...`` for scripts.

        Content is a path on disk, or bytes where the image's differ from the installed ones.
        """
        listed = sorted({*self._recorded, *self._bytecode()})
        for relative in listed:
            path = f"{self._tree}/{relative}"
            place = f"../../../{relative}" if _is_outside(relative) else relative
            if relative == f"{self._dist.name}/RECORD":
                yield place, self._record(), False
            elif relative.startswith("bin/"):
                if relative[4:] not in self._scripts:
                    yield place, self._shebang(Path(path).read_bytes()), True
            else:
                yield place, path, bool(os.stat(path).st_mode & 0o100)  # noqa: PTH116 - as below
        for script, (module, call) in sorted(self._scripts.items()):
            yield f"../../../bin/{script}", self._script(module, call), True

    @cached_property
    def _rows(self) -> list[list[str]]:
        with (self._dist / "RECORD").open(newline="", encoding="utf-8") as stream:
            return [row for row in csv.reader(stream) if row]

    @cached_property
    def _recorded(self) -> list[str]:
        named = (row[0] for row in self._rows)
        safe = (name for name in named if not name.startswith("/") and ".." not in name.split("/"))
        there = (name for name in safe if not self._is_stamp(name))
        return [name for name in there if os.path.isfile(f"{self._tree}/{name}")]  # noqa: PTH113 - 10,000 files

    def _bytecode(self) -> Iterator[str]:
        if not self._cache_tag:
            return
        for relative in self._recorded:
            if relative.endswith(".py"):
                folder, slash, name = relative.rpartition("/")
                cached = f"{folder}{slash}__pycache__/{name[:-3]}.{self._cache_tag}.pyc"
                if os.path.isfile(f"{self._tree}/{cached}"):  # noqa: PTH113 - as above
                    yield cached

    def _is_stamp(self, relative: str) -> bool:
        folder, _, name = relative.rpartition("/")
        return folder == self._dist.name and name in _STAMPS

    def _record(self) -> bytes:
        """Return RECORD as in the image: sorted, without stamps; scripts without the hash of this machine's."""
        rows = []
        for path, *rest in self._rows:
            if path.startswith("bin/"):
                rows.append([f"../../../{path}", "", ""])
            elif not self._is_stamp(path):
                rows.append([f"../../../{path}" if _is_outside(path) else path, *rest])
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(sorted(rows))
        return out.getvalue().encode()

    def _shebang(self, content: bytes) -> bytes:
        first, newline, rest = content.partition(b"\n")
        if first.startswith(b"#!") and b"python" in first:
            return f"#!{self._env}/bin/python".encode() + newline + rest
        return content

    def _script(self, module: str, call: str) -> bytes:
        return (
            f"#!{self._env}/bin/python\nimport sys\n\nfrom {module} import {call.partition('.')[0]}\n\n"
            f'if __name__ == "__main__":\n    sys.exit({call}())\n'
        ).encode()


def normal(name: str) -> str:
    """Return a project's name as the simple repository specification compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_outside(relative: str) -> bool:
    top, slash, _ = relative.partition("/")
    return bool(slash) and top in _OUTSIDE


def _entry_points(dist: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    path = dist / "entry_points.txt"
    if not path.exists():
        return
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    for section in ("console_scripts", "gui_scripts"):
        for name, where in parser.items(section) if parser.has_section(section) else []:
            found = re.fullmatch(r"\s*([\w.]+)\s*:\s*([\w.]+)\s*(?:\[.*\])?\s*", where)
            if found and re.fullmatch(r"\w[\w.-]*", name):
                yield name, (found[1], found[2])
