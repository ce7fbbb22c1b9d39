"""Where a workspace lies, by its name."""

from __future__ import annotations

import os
import re
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.catalog import config_file
from jupyter_modelpack.errors import UsageError

MARK = "modelpack.json"
"""The file that makes a folder a workspace."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def check_name(name: str) -> str:
    """Return `name`; raise `UsageError` when no workspace may have it."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UsageError(
            f"Workspace name {name!r} is not usable.",
            hint="Use 1 to 63 letters, digits, dots, dashes or underscores, starting with a letter or digit.",
            code="bad-name",
        )
    return name


def folder_of(name: str | None, path: str | os.PathLike[str] | None = None) -> Path:
    """Return the absolute folder at `path`; without one, that of the workspace `name` under ``MODELPACK_HOME``."""
    if path is not None:
        return Path(path).absolute()
    return home.workspaces() / check_name(name or "")


def names() -> list[str]:
    """Return the names of the workspaces under ``MODELPACK_HOME``, sorted; a folder copied as ``b copy`` is none."""
    found = (mark.parent.name for mark in home.workspaces().glob(f"*/{MARK}"))
    return sorted(name for name in found if _NAME.fullmatch(name))


def default() -> tuple[str, Path | None, bool]:
    """Return name and folder of the workspace to use when none is named, and whether it is made when missing."""
    given = os.environ.get("MODELPACK_WORKSPACE")
    if given:
        return (Path(given).name, Path(given), True) if os.sep in given else (given, None, True)
    found = config_file.search(Path())
    return (*config_file.read(found), False) if found else ("default", None, True)


def is_default(folder: Path) -> bool:
    """Whether `folder` is that of the workspace that is used when none is named."""
    name, path, _ = default()
    return folder == folder_of(name, path)
