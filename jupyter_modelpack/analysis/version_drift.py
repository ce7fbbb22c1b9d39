"""Models that one version of a library made, in an environment that has another one.

What the notebook predicted is then not what the container predicts, or the container ends when the model is loaded.
"""

from __future__ import annotations

import shlex
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from jupyter_modelpack import home
from jupyter_modelpack.analysis import model_versions
from jupyter_modelpack.analysis.made_with import DISTRIBUTIONS, Made
from jupyter_modelpack.builder.lock.pylock import Lock
from jupyter_modelpack.builder.lock.requirement_line import named, take_apart
from jupyter_modelpack.builder.recipe import Needs, Recipe
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.store.layout import Layout

_ALLOW = "--allow-version-drift (allow_version_drift=True in Python)"

Models = Iterable[tuple[str, Iterable[Made]]]
"""Titles of models, with what made each."""


@dataclass(frozen=True, slots=True)
class _Drift:
    """A model that would be loaded by another version than made it.

    Attributes:
        package: The package that brings the library.
        there: Its version in the environment; empty for none.
    """

    title: str
    made: Made
    package: str
    there: str = ""

    def __str__(self) -> str:
        """Say what was found, in a sentence."""
        found = f"The model {self.title} was made with {self.made}"
        if not self.there:
            found = found if self.made.version else f"The model {self.title} needs {self.made}"
            return f"{found}, and the environment has no {self.package}: it would not load there."
        if self.made.rule == "within":
            found = f"The model {self.title} asks for {self.made}"
        means = {"same": "which may answer otherwise or not load it", "not-newer": "which is older than the model"}
        end = f", {means[self.made.rule]}." if self.made.rule in means else "."
        return f"{found}, and the environment has {self.package} {self.there}{end}"

    @property
    def pin(self) -> str:
        """The requirement that ends it."""
        if not self.made.version:
            return self.package
        return f"{self.package}{'' if self.made.rule == 'within' else '=='}{self.made.version}"


def of_recipe(recipe: Recipe, store: Layout) -> list[tuple[str, Iterable[Made]]]:
    """Return what made each model of a recipe."""
    cache = Layout.create(home.cache())
    return [
        (f"{model.name}:{model.version}", model_versions.of_layer(model.layer, store, cache)) for model in recipe.models
    ]


def check(models: Models, recipe: Recipe, lock: Lock) -> list[str]:
    """Compare what made the models with the packages of their environment.

    Args:
        models: Their titles, with what made each.
        recipe: Says what was asked for, and whether drift is allowed.
        lock: The packages that the environment will have.

    Returns:
        What is worth a line in the log.

    Raises:
        UsageError: another version of a library would load a model.
    """
    locked = {package.name: package.version for package in lock.packages}
    drifts, told = [], []
    for title, several in models:
        for made in sorted(several):
            package = next((one for one in DISTRIBUTIONS.get(made.library, ()) if one in locked), made.library)
            there = locked.get(package)
            if there is None:
                if made.imports and _sees_all(recipe):
                    drifts.append(_Drift(title, made, package))
                continue
            verdict = made.verdict(there) if made.version else "fits"
            if verdict == "drifts":
                drifts.append(_Drift(title, made, package, there))
            elif verdict == "told":
                told.append(f"The model {title} was made with {made}; the environment has {package} {there}.")
    if drifts and not recipe.allow_version_drift:
        raise UsageError(" ".join(map(str, drifts[:3])), hint=_advice(drifts, recipe), code="version-drift")
    return [*(f"Warning: {one}" for one in drifts), *told]


def _sees_all(recipe: Recipe) -> bool:
    """Whether nothing but the lock brings packages."""
    needs = recipe.needs
    if needs.needs_engine or needs.base or needs.uses_base or "PYTHONPATH" in needs.variables:
        return False
    return recipe.source.folder is None and not any(
        line.startswith(("-e", "--editable")) for line in needs.requirements
    )


def _advice(drifts: Sequence[_Drift], recipe: Recipe) -> str:
    wanted: dict[str, dict[str, None]] = {}
    for one in drifts:
        wanted.setdefault(one.package, {})[one.pin] = None
    torn = [list(pins) for pins in wanted.values() if len(pins) > 1]
    pins = [next(iter(pins)) for pins in wanted.values()]
    words = " ".join(f"--pip {shlex.quote(one)}" for one in (*pins, *_captured_beside(wanted, recipe.needs)))
    lines = [line for package in wanted if (line := _line(package, recipe.needs))]
    if torn:
        first = f"No environment has both {torn[0][0]} and {torn[0][1]}: make one of the models again, or two packages."
    elif recipe.lock:
        first = f"Take a lock with {' and '.join(pins)}, or leave --lock out: {words}."
    elif recipe.needs.captured:
        first = f"Capture from the Python that made it: --from-python PYTHON. Or name what the image needs: {words}."
    elif not any(one.there for one in drifts):
        first = f"Add what made it: {words}."
    else:
        first = f"Take the version that made it: {words}{' in place of ' + ' and '.join(lines) if lines else ''}."
    return f"{first}\nTo package it all the same: {_ALLOW}."


def _captured_beside(wanted: Container[str], needs: Needs) -> list[str]:
    """Return what else is needed where that was captured, which it is not when requirements are given."""
    found = []
    for line in needs.requirements if needs.captured else ():
        name, pinned, _ = line.partition("==")
        if name not in wanted:
            found.append(name if pinned and "@" not in name else line)
    return found


def _line(library: str, needs: Needs) -> str:
    """Return the line of the requirements that names a library; empty for none."""
    for line in needs.requirements:
        wanted = take_apart(line).wanted
        if wanted and named(wanted).name == library:
            return wanted
    return ""
