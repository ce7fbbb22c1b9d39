"""Apply the ignore files of a folder.

A .gitignore applies at every level, as with git. .dockerignore and .amlignore apply at the root and override
all of these; .amlignore overrides .dockerignore.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_modelpack.builder.context.ignore_rules import IgnoreRule, read_rules
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.limits import IGNORE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

CLUTTER = ("__pycache__/", "*.py[co]", ".ipynb_checkpoints/", ".venv/", ".DS_Store")
"""Ignored unless an ignore file says otherwise."""


class IgnoreFiles:
    """The ignore files of a folder, read while it is walked.

    Args:
        folder: The folder that ships.
        opened: Opens a file of the folder, refusing links that leave it.

    """

    def __init__(self, folder: Path, opened: Callable[[Path, Path], BinaryIO]) -> None:
        from pathspec import GitIgnoreSpec  # noqa: PLC0415 - who ships no folder does not pay for it

        self._folder, self._opened = folder, opened
        self._levels: dict[str, list[IgnoreRule]] = {}
        self._folders: dict[str, bool] = {"": False}
        last = [*map(_anchored, self._lines(".dockerignore")), *self._lines(".amlignore")]
        self._last = GitIgnoreSpec.from_lines(last)
        # With a `!` in these, an ignored folder may contain files that are included again.
        self.prunes = not any(line.lstrip().startswith("!") for line in last)

    def ignores(self, path: str) -> bool:
        """Whether the entry at a relative path does not ship; a folder's ends in ``/``."""
        # pathspec's expressions end at a line break, which once let a key ship
        said = self._last.check_file(path.replace("\n", "\0")).include
        return self._by_git(path) if said is None else bool(said)

    def _by_git(self, path: str) -> bool:
        if path.endswith("/"):
            bare = path[:-1]
            if bare not in self._folders:
                self._folders[bare] = self._entry(bare, folder=True)
            return self._folders[bare]
        return self._entry(path, folder=False)

    def _entry(self, path: str, *, folder: bool) -> bool:
        parts = path.split("/")
        above = "/".join(parts[:-1])
        if above and self._by_git(f"{above}/"):
            return True
        for depth in range(len(parts) - 1, -1, -1):
            for rule in reversed(self._rules(parts[:depth])):
                if rule.fits(parts[depth:], folder=folder):
                    return not rule.back
        return False

    def _rules(self, parts: Sequence[str]) -> list[IgnoreRule]:
        level = "/".join(parts)
        if level not in self._levels:
            lines = self._lines(f"{level}/.gitignore" if level else ".gitignore")
            self._levels[level] = read_rules([*(() if level else CLUTTER), *lines])
        return self._levels[level]

    def _lines(self, name: str) -> list[str]:
        path = self._folder / name
        if path.is_dir():  # git ignores it, too
            return []
        try:
            with self._opened(path, self._folder) as file:
                data = file.read(IGNORE_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return []
        if len(data) > IGNORE_BYTES:
            raise UsageError(f"{path} is too large for a list of what to leave out.", code="source-too-large")
        return [line.removesuffix("\r") for line in data.decode("utf-8-sig", "replace").split("\n")]


def _anchored(line: str) -> str:
    """Write a .dockerignore line, which always starts at the root, as a .gitignore line."""
    bare = line.strip()
    if not bare or bare.startswith("#"):
        return ""
    sign, bare = ("!", bare[1:]) if bare.startswith("!") else ("", bare)
    return f"{sign}/{bare.removeprefix('./').lstrip('/')}"
