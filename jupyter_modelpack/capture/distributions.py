"""The packages that a Python has installed, and whose a file is.

Source: the specifications of recording installed projects (RECORD), core metadata and direct URLs (direct_url.json).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from jupyter_modelpack.capture.interpreter import Interpreter
from jupyter_modelpack.capture.module_files import file_of
from jupyter_modelpack.limits import RECORD_BYTES


@dataclass(frozen=True)
class Distribution:
    """One installed package.

    Attributes:
        name: Its name, normalised.
        version: As its metadata says, a local label included: ``2.3.0+cpu``.
        folder: Where its modules lie.
        files: Its own file of metadata, read for what is below.
    """

    name: str
    version: str
    folder: Path
    files: metadata.Distribution

    @property
    def public_version(self) -> str:
        """The version without a local label, which an index does not have."""
        try:
            return Version(self.version).public
        except InvalidVersion:
            return self.version

    @cached_property
    def requires(self) -> tuple[Requirement, ...]:
        """What it requires itself, extras included; what cannot be read is left out."""
        return tuple(_requirements(self.files.requires or ()))

    @cached_property
    def direct_url(self) -> Mapping[str, Any]:
        """Where it was installed from when it was not by its name (PEP 610); empty otherwise.

        Packages of conda-forge name the folder they were built in, on a machine of theirs.
        """
        if (self.files.read_text("INSTALLER") or "").strip() == "conda":
            return {}
        try:
            found = json.loads(self.files.read_text("direct_url.json") or "{}")
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def project(self) -> Path | None:
        """The folder that it was installed from, editable or not."""
        if "dir_info" not in self.direct_url:
            return None
        return Path(unquote(urlsplit(str(self.direct_url.get("url"))).path))

    @cached_property
    def record(self) -> bytes:
        """The list of its files, each at the beginning of a line."""
        for name in ("RECORD", "installed-files.txt"):
            text = self.files.read_text(name)
            if text:
                return b"\n" + text[:RECORD_BYTES].encode(errors="replace")
        return b""

    def owns(self, path: str) -> bool:
        """Whether it brought the file, whose path is relative to `folder`."""
        return f"\n{path},".encode() in self.record or f"\n{path}\n".encode() in self.record


class Distributions:
    """The packages of a Python.

    Args:
        path: Folders in the order in which modules are looked for; of a package that is there twice the first counts.
        find: Returns the files that dotted names of modules mean in that Python.
        version: Its minor version, for what is required on some versions alone; by default, that of this Python.
    """

    def __init__(
        self, path: Sequence[str], find: Callable[[Iterable[str]], Mapping[str, Path]], version: str = ""
    ) -> None:
        self.path, self._find = tuple(path), find
        self._markers = {"python_version": version, "python_full_version": f"{version}.0"} if version else {}
        self._files: dict[str, Path | None] = {}
        self._owners: dict[Path, Distribution | None] = {}

    @classmethod
    def of_this_python(cls) -> Distributions:
        """Return those of the Python that runs this; read again when a folder has changed."""
        return _own(tuple((folder, _changed(folder)) for folder in sys.path))

    @classmethod
    def of_another(cls, other: Interpreter) -> Distributions:
        """Return those of another Python; read again when a folder of its has changed."""
        return _others(other, tuple(_changed(folder) for folder in other.path))

    @cached_property
    def by_name(self) -> dict[str, Distribution]:
        """Each by its normalised name."""
        found: dict[str, Distribution] = {}
        for folder in self.path:
            for one in _in_folder(Path(folder)) if folder else ():
                found.setdefault(one.name, one)
        return found

    def owners(self, modules: Iterable[str]) -> dict[str, Distribution]:
        """Return whose module each dotted name means; Python's own are left out, and files that lie about."""
        wanted = list(dict.fromkeys(modules))
        unknown = [module for module in wanted if module not in self._files]
        if unknown:
            found = self._find(unknown)
            self._files.update((module, found.get(module)) for module in unknown)
        files = ((module, self._files[module]) for module in wanted)
        return {module: one for module, file in files if file and (one := self.owner(file))}

    def owner(self, file: Path) -> Distribution | None:
        """Return which package brought a file."""
        if file not in self._owners:
            self._owners[file] = self._look(file)
        return self._owners[file]

    def _look(self, file: Path) -> Distribution | None:
        for folder in self.path:
            if not folder or not file.is_relative_to(folder):
                continue
            relative = file.relative_to(folder).as_posix()
            for one in self.by_name.values():
                if one.folder == Path(folder) and one.owns(relative):
                    return one
        return self._of_project(file)

    def _of_project(self, file: Path) -> Distribution | None:
        """Return the editable one in whose project a file lies: its own list of files names a finder alone."""
        within = [one for one in self.by_name.values() if one.project and file.is_relative_to(one.project)]
        return max(within, key=lambda one: len(str(one.project)), default=None)

    def applies(self, requirement: Requirement, extra: str = "") -> bool:
        """Whether a requirement is one in this Python, for an extra or without."""
        if requirement.marker is None:
            return not extra
        try:
            return requirement.marker.evaluate({**self._markers, "extra": extra})
        except UndefinedEnvironmentName:
            return False

    def closure(self, wanted: Iterable[Requirement]) -> dict[str, Distribution]:
        """Return what these requirements come to as it is installed, by name; what is not installed is left out."""
        found: dict[str, Distribution] = {}
        seen: set[tuple[str, str]] = set()
        waiting = [(canonicalize_name(one.name), frozenset(one.extras)) for one in wanted]
        while waiting:
            name, extras = waiting.pop()
            new = {extra for extra in ("", *extras) if (name, extra) not in seen}
            one = self.by_name.get(name)
            if one is None or not new:
                continue
            seen.update((name, extra) for extra in new)
            found[name] = one
            waiting += [
                (canonicalize_name(needed.name), frozenset(needed.extras))
                for needed in one.requires
                if any(self.applies(needed, extra) for extra in new)
            ]
        return found


def _in_folder(folder: Path) -> Iterator[Distribution]:
    """Yield the packages whose metadata lie in a folder; their names tell name and version, so few need be read."""
    try:
        entries = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith((".dist-info", ".egg-info")))
    except OSError:  # an archive, or a folder of sys.path that is not there
        return
    for entry in entries:
        files = metadata.PathDistribution(folder / entry)
        name, _, version = entry.removesuffix(".dist-info").partition("-")
        if entry.endswith(".egg-info") or not version:
            said = files.metadata
            name, version = (said["Name"], said["Version"]) if said else ("", "")
        if name and version:
            yield Distribution(canonicalize_name(name), version, folder, files)


def _requirements(lines: Iterable[str]) -> Iterator[Requirement]:
    for line in lines:
        try:
            yield Requirement(line)
        except InvalidRequirement:  # of an old package, written before there was a rule
            continue


def _changed(folder: str) -> int:
    try:
        return os.stat(folder or ".").st_mtime_ns  # noqa: PTH116 - for every entry of sys.path at every packaging
    except OSError:
        return 0


@lru_cache(maxsize=4)
def _own(path: tuple[tuple[str, int], ...]) -> Distributions:
    return Distributions([folder for folder, _ in path], _own_files)


def _own_files(modules: Iterable[str]) -> dict[str, Path]:
    return {module: file for module in modules if (file := file_of(module))}


@lru_cache(maxsize=4)
def _others(other: Interpreter, _changes: tuple[int, ...]) -> Distributions:
    return Distributions(other.path, other.files_of, other.version)
