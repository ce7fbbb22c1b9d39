"""Which workspace, engine, package or service a verb's options mean, also when they name none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jupyter_modelpack.commands.grammar.parse import nearest
from jupyter_modelpack.errors import NotFound, UsageError
from jupyter_modelpack.home import expand
from jupyter_modelpack.image_contract import WORKSPACE_LABEL

if TYPE_CHECKING:
    from jupyter_modelpack.api.environment import Environment
    from jupyter_modelpack.api.model import Model
    from jupyter_modelpack.api.package import ModelPackage
    from jupyter_modelpack.api.workspace import Workspace
    from jupyter_modelpack.catalog.other_workspaces import Kind
    from jupyter_modelpack.engine.base import Engine, Service


@contextmanager
def proposing(named: str, known: Callable[[], Iterable[str]]) -> Iterator[None]:
    """Where there is nothing called `named`, propose the nearest of what there is."""
    try:
        yield
    except NotFound as error:
        if guess := nearest(named, known()):
            error.hint = f"Did you mean {guess}? {error.hint}"
        raise


def workspace(named: str | None) -> Workspace:
    """Return the workspace of that name or folder; without one, the default."""
    from jupyter_modelpack import opened
    from jupyter_modelpack.api.workspace import Workspace

    with opened.unnoticed():
        if named is None:
            return Workspace.default()
        if os.sep in named or named in {".", ".."} or named.startswith("~"):
            return Workspace(path=expand(named))
        with proposing(named, Workspace.list):
            return Workspace.get(named)


def elsewhere(ws: Workspace, kind: Kind, named: str) -> str:
    """Return a remedy when `ws` has no model (package, environment) of that name, and another has."""
    from jupyter_modelpack.catalog.other_workspaces import holding

    found = holding(ws, kind, named)
    return f"It is in workspace {' and in '.join(found)}: add --workspace {found[0]}. " if found else ""


def engine(named: str | None) -> Engine:
    """Return the engine of that name; without one, the first that answers."""
    from jupyter_modelpack.engine import select

    return select.choose(named)


def package(ws: Workspace, named: str | None, *, dockerfile: bool = False) -> ModelPackage:
    """Return the package that a name, a reference or an image id means; without one, the newest.

    The newest of its kind, if there is any: a Dockerfile package where `dockerfile` says so, else an image.
    """
    from jupyter_modelpack.api.package import ModelPackage
    from jupyter_modelpack.catalog import package_record

    if named is not None:
        with proposing(named, lambda: (one for each in ws.packages for one in _calls(each))):
            try:
                record = package_record.find(ws, named)
            except NotFound as error:
                error.hint = elsewhere(ws, "package", named) + error.hint
                raise
        return ModelPackage(ws, record.facts, record=record)
    packages = ws.packages
    if not packages:
        raise NotFound(
            f"Workspace {ws.name!r} holds no package yet.",
            hint="Make one first: %%package in a notebook, modelpack package in a shell.",
            code="no-package",
        )
    return next((one for one in packages if one.generate_dockerfile == dockerfile), packages[0])


def _calls(one: ModelPackage) -> Iterator[str]:
    """Yield the shorter names by which a package may be called."""
    name = (one.location or "").partition("/")[2]
    yield from (name.rpartition(":")[0], name)


def model(ws: Workspace, named: str) -> Model:
    """Return the registered model that ``name:version`` means, or a name its latest version."""
    from jupyter_modelpack.api.model import registered

    if found := registered(ws, named):
        return found
    known = ws.models
    with proposing(named, lambda: known):
        raise _not_registered("model", named, ws, known)


def environment(ws: Workspace, named: str) -> Environment:
    """Return the registered environment that ``name:version`` means, or a name its latest version."""
    from jupyter_modelpack.api.environment import registered

    if found := registered(ws, named):
        return found
    known = ws.environments
    with proposing(named, lambda: known):
        raise _not_registered("environment", named, ws, known)


def _not_registered(kind: Kind, named: str, ws: Workspace, known: Iterable[str]) -> NotFound:
    return NotFound(
        f"No {kind} named {named!r} is registered in workspace {ws.name!r}.",
        hint=f"{elsewhere(ws, kind, named)}There are: {', '.join(sorted(known)) or 'none yet'}.",
        code=f"{kind}-not-found",
    )


def service(chosen: Engine, named: str | None, in_workspace: str | None) -> Service:
    """Return the service of that name or id; without one, the only one that runs, or the newest that ended.

    An engine is shared. So what nobody named must be a service that `run` started from this workspace,
    never a container that another program started from an image of ours.
    """
    if named is not None:
        with proposing(named, lambda: (one.name for one in chosen.services())):
            return chosen.find(named)
    home = str(workspace(in_workspace).path)
    everybody = chosen.services()
    known = [one for one in everybody if one.mine and one.labels.get(WORKSPACE_LABEL) == home]
    live = [one for one in known if not one.ended]
    if len(live) > 1:
        raise UsageError(
            f"{len(live)} services are running: {', '.join(one.name for one in live)}.",
            hint="Name the one you mean.",
            code="which-service",
        )
    if not known:
        others = ", ".join(one.name for one in everybody if not one.ended)
        raise NotFound(
            f"This workspace has started no service in {chosen.name}.",
            hint=f"Running, but not from here: {others}; name it if you mean it." if others else "Start one with run.",
            code="no-service",
        )
    return (live or known)[0]
