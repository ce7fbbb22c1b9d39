"""List the files of one installed distribution for a layer.

Source: the recording-installed-distributions and entry-points specifications. What an installer
stamps on a machine (who, when, from where) is left out; what it wrote for this machine's interpreter
(console scripts) is rewritten for the image's.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser, ParsingError
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.limits import CHUNK

_STAMPS = {"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"}
_OUTSIDE = {"bin", "share", "etc", "include", "man"}
"""Top-level folders of an installed wheel that belong into the environment, not among its modules."""


class Installed:
    """A distribution in a folder that ``uv pip install --target`` filled.

    Args:
        dist: Its ``.dist-info`` folder.
        env: Folder of the environment in the image, absolute.
    """

    def __init__(self, dist: Path, env: str) -> None:
        self._dist, self._tree, self._env = dist, dist.parent, env
        points = dist / "entry_points.txt"
        self._scripts = entry_points(points.read_bytes(), dist.name) if points.exists() else {}

    @property
    def name(self) -> str:
        """Its normalised name."""
        return normal(self._dist.name.split("-")[0])

    def modules(self) -> Iterator[tuple[str, bytes]]:
        """Yield path, relative to site-packages, and source of its modules."""
        for relative in self.recorded:
            if relative.endswith(".py"):
                yield relative, Path(f"{self._tree}/{relative}").read_bytes()

    def files(self, bytecode: Mapping[str, bytes]) -> Iterator[tuple[str, bytes | BinaryIO, int, bool]]:
        """Yield (path relative to site-packages, content, size, executable), sorted; ``../../../bin/...`` for scripts.

        Content is to be read before the next one is asked for.
        """
        for relative in sorted({*self.recorded, *bytecode}):
            place = f"../../../{relative}" if is_outside(relative) else relative
            if relative in bytecode:
                yield place, bytecode[relative], len(bytecode[relative]), False
            elif relative == f"{self._dist.name}/RECORD":
                data = record(self._rows, self._dist.name)
                yield place, data, len(data), False
            elif relative.startswith("bin/"):
                if relative[4:] not in self._scripts:
                    data = self._shebang((self._tree / relative).read_bytes())
                    yield place, data, len(data), True
            else:
                with open(f"{self._tree}/{relative}", "rb", buffering=0) as file:  # noqa: PTH123 - 10,000 files
                    state = os.fstat(file.fileno())
                    content = file.read() if state.st_size <= CHUNK else file
                    yield place, content, state.st_size, bool(state.st_mode & 0o100)
        for name, (module, call) in sorted(self._scripts.items()):
            data = script(self._env, module, call)
            yield f"../../../bin/{name}", data, len(data), True

    @cached_property
    def _rows(self) -> list[list[str]]:
        with (self._dist / "RECORD").open(newline="", encoding="utf-8") as stream:
            return [row for row in csv.reader(stream) if row]

    @cached_property
    def recorded(self) -> list[str]:
        """The files that it names as its own and that are there, relative to its folder."""
        named = (row[0] for row in self._rows)
        there = (name for name in named if safe(name) and not is_stamp(name, self._dist.name))
        return [name for name in there if os.path.isfile(f"{self._tree}/{name}")]  # noqa: PTH113 - 10,000 files

    def _shebang(self, content: bytes) -> bytes:
        first, newline, rest = content.partition(b"\n")
        if first.startswith(b"#!") and b"python" in first:
            return f"#!{self._env}/bin/python".encode() + newline + rest
        return content


def normal(name: str) -> str:
    """Return a project's name as the simple repository specification compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def safe(relative: str) -> bool:
    """Whether a path of RECORD stays in the environment."""
    return not relative.startswith("/") and ".." not in relative.split("/")


def is_stamp(relative: str, dist: str) -> bool:
    """Whether an installer wrote the file to say who it was, and when."""
    folder, _, name = relative.rpartition("/")
    return folder == dist and name in _STAMPS


def is_outside(relative: str) -> bool:
    """Whether a file belongs into the environment, not among its modules."""
    top, slash, _ = relative.partition("/")
    return bool(slash) and top in _OUTSIDE


def record(rows: Sequence[Sequence[str]], dist: str, scripts: Sequence[str] = ()) -> bytes:
    """Return RECORD as in the image: sorted, without stamps; scripts without the hash of this machine's."""
    found = []
    for path, *rest in (*rows, *((f"bin/{name}",) for name in scripts)):
        if path.startswith("bin/"):
            found.append([f"../../../{path}", "", ""])
        elif not is_stamp(path, dist):
            found.append([f"../../../{path}" if is_outside(path) else path, *rest])
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(sorted(found))
    return out.getvalue().encode()


def script(env: str, module: str, call: str) -> bytes:
    """Return a console script."""
    return (
        f"#!{env}/bin/python\nimport sys\n\nfrom {module} import {call.partition('.')[0]}\n\n"
        f'if __name__ == "__main__":\n    sys.exit({call}())\n'
    ).encode()


def entry_points(data: bytes, dist: str) -> dict[str, tuple[str, str]]:
    """Return the scripts of the ``entry_points.txt`` of `dist`: module and what is called in it, by name."""
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(data.decode())
    except (UnicodeDecodeError, ParsingError) as error:
        raise Untrusted(f"{dist}: its entry points cannot be read: {error}.", code="bad-wheel") from error
    scripts = {}
    for section in ("console_scripts", "gui_scripts"):
        for name, location in parser.items(section) if parser.has_section(section) else []:
            found = re.fullmatch(r"([\w.]+)\s*:\s*([\w.]+)\s*(?:\[.*\])?", location.strip())
            if found and re.fullmatch(r"\w[\w.-]*", name):
                scripts[name] = (found[1], found[2])
    return scripts
