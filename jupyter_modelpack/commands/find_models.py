"""The models of a package, from the words that name them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from jupyter_modelpack.analysis import model_trust
from jupyter_modelpack.analysis.pickle_modules import modules_of_file
from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.catalog.digest_cache import digest_of
from jupyter_modelpack.catalog.models import model_layer
from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.grammar.parse import nearest
from jupyter_modelpack.commands.register import default_name
from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand
from jupyter_modelpack.image_contract import LABEL

CONTENT = f"{LABEL}.content"
"""Property of a model that was registered on the way: what its files hold."""

VARIABLE = f"{LABEL}.variable"
"""Property of a model that was registered from a notebook's variable: the variable's name."""


@dataclass(frozen=True, slots=True)
class New:
    """A model that is registered on the way."""

    name: str
    path: Path
    properties: dict[str, str]


NO_VARIABLES: Mapping[str, Path] = MappingProxyType({})


def find_models(
    ws: Workspace, named: Sequence[str], report: Reporter, variables: Mapping[str, Path] = NO_VARIABLES
) -> list[Model]:
    """Return the models; a path or a variable is registered, unless what it holds has not changed.

    Args:
        ws: The workspace.
        named: A registered name, ``name:version``, a path, a variable; or ``name=`` and one of the last two.
        report: Hears of what is registered.
        variables: By the word that means a variable, the file it was written to.

    """
    return registered_all(ws, look_up_all(ws, named, report, variables), report)


def look_up_all(
    ws: Workspace, named: Sequence[str], report: Reporter, variables: Mapping[str, Path] = NO_VARIABLES
) -> list[Model | New]:
    """Return both in the order in which they are named; the parameters are those of `find_models`."""
    return [_find(ws, one, report, variables.get(one)) for one in named]


def told_apart(found: Sequence[Model | New]) -> tuple[list[Model], list[New]]:
    """Return the models that are registered, and those that would be."""
    new = [one for one in found if isinstance(one, New)]
    return [one for one in found if not isinstance(one, New)], new


def registered_all(ws: Workspace, found: Sequence[Model | New], report: Reporter) -> list[Model]:
    """Return what `look_up_all` found once all of it is registered."""
    return [_register(ws, one, report) if isinstance(one, New) else one for one in found]


def modules_of_new(models: Sequence[New]) -> list[tuple[str, str]]:
    """Return the dotted names of modules that these models' pickles name, each with the reason."""
    return [
        (module, f"model {one.name}")
        for one in models
        for _, file in model_layer.gather(one.path).entries
        for module in sorted(modules_of_file(file))
    ]


def wanted_variables(
    ws: Workspace, named: Sequence[str], is_variable: Callable[[str], bool]
) -> dict[str, tuple[str, str]]:
    """Return, by the word, the model's name and the variable that it means.

    A bare word means a variable when it is neither a registered name nor a path; also when that name was
    registered from this very variable. ``name=variable`` always means the variable.
    """
    known, found = ws.models, {}
    for word in named:
        name, equals, variable = word.partition("=")
        if not equals:
            name = variable = word
        if not is_variable(variable):
            continue
        taken = word in known and known[word].properties.get(VARIABLE) != word
        if equals or not (taken or Path(word).exists()):
            found[word] = (name, variable)
    return found


def _find(ws: Workspace, named: str, report: Reporter, dumped: Path | None) -> Model | New:
    from jupyter_modelpack.api.model import registered

    given, equals, rest = named.partition("=")
    if dumped is not None:
        return _unless_known(ws, dumped, given, f"the variable {rest or given}", report, rest or given)
    if found := registered(ws, named):
        return found
    known = ws.models
    name, _, version = named.rpartition(":")
    if version.isdecimal() and name in known:
        return lookup.model(ws, named)
    path = expand(named)
    if path.exists():
        return _unless_known(ws, path, default_name(path), str(path), report)
    if equals and (path := expand(rest)).exists():
        return _unless_known(ws, path, given, rest, report)
    guess = nearest(named, known)
    other = lookup.elsewhere(ws, "model", named)
    raise NotFound(
        f"No model named {named!r} is registered in workspace {ws.name!r}, and no file or folder has that name.",
        hint=other.rstrip()
        if other
        else f"Did you mean {guess}?"
        if guess
        else f"Registered are: {', '.join(sorted(known)) or 'none yet'}.",
        code="model-not-found",
    )


def _unless_known(
    ws: Workspace, path: Path, name: str, called: str, report: Reporter, variable: str = ""
) -> Model | New:
    content, latest = _fingerprint(path, report), ws.models.get(name)
    if latest and latest.properties.get(CONTENT) == content:
        report.log(f"{called} is {latest.id}, registered before")
        return _own(latest) if variable else latest
    return New(name, path, {CONTENT: content, **({VARIABLE: variable} if variable else {})})


def _register(ws: Workspace, new: New, report: Reporter) -> Model:
    model = Model.register(ws, new.path, new.name, properties=new.properties, report=report)
    return _own(model) if VARIABLE in new.properties else model


def _own(model: Model) -> Model:
    """Remember that a model is an object of this kernel, which was written to the file by ourselves."""
    model_trust.note(model.part().layer)
    return model


def _fingerprint(path: Path, report: Reporter) -> str:
    """Return what stands for the names and bytes of a model's files."""
    state = hashlib.sha256()
    for name, file in model_layer.gather(path).entries:
        state.update(f"{name}\0{digest_of(file, report).hex}\n".encode())
    return state.hexdigest()
