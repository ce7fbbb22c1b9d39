"""Which workspace and which engine a request means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_modelpack import home
from jupyter_modelpack.catalog import config_file
from jupyter_modelpack.catalog.workspace_names import MARK
from jupyter_modelpack.commands import lookup


@dataclass(frozen=True, slots=True)
class Target:
    """A workspace and an engine; None is the default.

    Attributes:
        workspace: Its name or folder.
        engine: Its name.
    """

    workspace: str | None = None
    engine: str | None = None

    def values(self) -> dict[str, str | None]:
        """Return them as the options of verbs."""
        return {"workspace": self.workspace, "engine": self.engine}

    @property
    def absent(self) -> bool:
        """Whether it is the default workspace, and that is not made yet: a look at it shall not make it."""
        if self.workspace is not None:
            return False
        given = os.environ.get("MODELPACK_WORKSPACE") or "default"
        folder = home.expand(given) if os.sep in given else home.workspaces() / given
        return not (folder / MARK).exists()

    def index(self) -> Path | None:
        """Return the file that changes whenever the workspace does."""
        return None if self.absent else lookup.workspace(self.workspace).path / "index.json"


def named(given: Mapping[str, Any], root: Path) -> Target:
    """Return what was named; a workspace that was not is the one of the file browser's folder, as in a notebook."""
    workspace, engine = given.get("workspace") or None, given.get("engine") or None
    return Target(str(workspace) if workspace else near(root), str(engine) if engine else None)


def near(root: Path) -> str | None:
    """Return the workspace that a config.json of `root` names, None when another one goes before."""
    if os.environ.get("MODELPACK_WORKSPACE"):
        return None
    found = config_file.search(root)
    if found is None:
        return None
    name, folder = config_file.read(found)
    return str(folder) if folder else name
