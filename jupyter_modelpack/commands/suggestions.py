"""The names that exist now, for completion and forms."""

from __future__ import annotations

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.grammar.option import Completes
from jupyter_modelpack.commands.grammar.verbs import VERBS
from jupyter_modelpack.errors import ModelpackError


def names(kind: Completes, workspace: str | None = None, engine: str | None = None) -> list[str]:
    """Return the names of a kind; none when they cannot be had: a proposal is never an error."""
    try:
        return _names(kind, workspace, engine)
    except ModelpackError:
        return []


def _names(kind: Completes, workspace: str | None, engine: str | None) -> list[str]:
    if kind == "verb":
        return [verb.name for verb in VERBS]
    if kind == "service":
        return [service.name for service in lookup.engine(engine).services()]
    if kind == "workspace":
        from jupyter_modelpack.api.workspace import Workspace

        return sorted(Workspace.list())
    if kind == "model":
        return sorted(lookup.workspace(workspace).models)
    if kind == "environment":
        return sorted(lookup.workspace(workspace).environments)
    if kind == "package":
        return [package.location or "" for package in lookup.workspace(workspace).packages]
    return []
