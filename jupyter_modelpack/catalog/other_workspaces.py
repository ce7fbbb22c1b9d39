"""Which other workspaces of this user hold a model, a package or an environment of some name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from jupyter_modelpack.catalog.package_record import OURS
from jupyter_modelpack.catalog.workspace_folder import WorkspaceFolder
from jupyter_modelpack.catalog.workspace_names import folder_of, names
from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.store.layout import Layout

Kind = Literal["model", "package", "environment"]


def holding(workspace: WorkspaceFolder, kind: Kind, named: str) -> list[str]:
    """Return the names of the workspaces under ``MODELPACK_HOME`` that hold what `workspace` does not.

    Args:
        workspace: Where it was looked for; when it does hold something of that name, the answer is empty.
        kind: What was looked for.
        named: Its name, or ``name:version``; of a package the tag alone will do, too.
    """
    if _holds(workspace, kind, named):
        return []
    return [name for name in names() if folder_of(name) != workspace.path and _holds_at(name, kind, named)]


def python_hint(found: list[str], call: str) -> str:
    """Return what to type in Python where `found` are the workspaces that hold it; empty where there are none.

    Args:
        found: Names of workspaces.
        call: The expression that finds it, with ``{}`` for the workspace: ``Model({}, 'diabetes')``.
    """
    if not found:
        return ""
    return f"It is in workspace {' and in '.join(found)}: {call.replace('{}', f'Workspace.get({found[0]!r})', 1)}. "


def _holds_at(name: str, kind: Kind, named: str) -> bool:
    try:
        return _holds(WorkspaceFolder(folder_of(name)), kind, named)
    except (ModelpackError, FileNotFoundError):  # damaged, another user's or just deleted: no reason to fail here
        return False


def _holds(workspace: WorkspaceFolder, kind: Kind, named: str) -> bool:
    return any(named in _calls(kind, ref) for ref in _refs(workspace, kind))


def _calls(kind: Kind, ref: str) -> set[str]:
    name, _, tag = ref.rpartition(":")
    return {ref, name, tag} if kind == "package" else {ref, name}


def _refs(workspace: WorkspaceFolder, kind: Kind) -> Iterator[str]:
    """Yield the names of a kind that a workspace's index holds, ``name:version`` or ``repository:tag``."""
    for name in Layout(workspace.path).names():  # only read: `store` would sweep what is not ours to change
        if kind == "package":
            if name and not name.startswith(OURS):
                yield name
        elif name.startswith(f"{kind}s/"):
            yield name.partition("/")[2]
