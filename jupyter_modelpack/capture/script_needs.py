"""The packages of this Python that a package's script and models need, each with the reason.

Read from what the script and the modules beside it import, in functions too, and from what the models' pickles fetch.
A module is looked for as an import would, and belongs to the package that lists its file: names of modules are not
names of packages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from jupyter_modelpack.analysis.missing_imports import STOOD_IN_FOR, shipped_modules
from jupyter_modelpack.analysis.pickle_modules import modules_of
from jupyter_modelpack.analysis.script_imports import imports_of
from jupyter_modelpack.builder.context.source_files import survey
from jupyter_modelpack.builder.recipe import AppSource, Recipe
from jupyter_modelpack.builder.script_text import parsed, script_bytes
from jupyter_modelpack.capture.distributions import Distribution, Distributions
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.redact import scrub
from jupyter_modelpack.store.layout import Layout


@dataclass(frozen=True, slots=True)
class Captured:
    """A package that is needed.

    Attributes:
        requirement: The line of a requirements file that brings it.
        reason: What needs it, in words: ``score.py, line 3``.
    """

    requirement: str
    reason: str


def captured(
    recipe: Recipe, store: Layout, here: Distributions, more: Iterable[tuple[str, str]] = ()
) -> list[Captured]:
    """Return what the script and the models need of the packages that are installed, by name.

    Args:
        recipe: With script and models; what it says of requirements is not looked at.
        store: Holds the models.
        here: The packages of this Python.
        more: Dotted names of further modules that are needed, each with the reason.

    Raises:
        UsageError: one of them was installed in a way that no image can repeat.

    """
    reasons: dict[str, str] = {}
    for module, reason in (*_modules(recipe, store), *more):
        reasons.setdefault(module, reason)
    found: dict[str, Captured] = {}
    for module, one in here.owners(reasons).items():
        if one.name not in found:
            found[one.name] = Captured(_requirement(one), reasons[module])
    return [found[name] for name in sorted(found)]


def _modules(recipe: Recipe, store: Layout) -> Iterator[tuple[str, str]]:
    """Yield the dotted names of modules, each with what needs it; those of packages alone."""
    not_packages = STOOD_IN_FOR.union(shipped_modules(recipe.source))
    for path, content in _sources(recipe.source):
        with contextlib.suppress(UsageError):  # a file beside the script that is no Python of today is nobody's import
            for one in imports_of(parsed(content, path).body):
                if one.top not in not_packages:
                    yield one.name, f"{path}, line {one.line}"
    for model in recipe.models:
        for name in sorted(modules_of(model.layer, store)):
            yield name, f"model {model.name}:{model.version}"


def _sources(source: AppSource) -> Iterator[tuple[str, bytes]]:
    """Yield the script and the modules that ship with it."""
    yield PurePosixPath(source.entry_script).name, script_bytes(source)
    yield from ((path, content) for path, content in source.extra.items() if path.endswith(".py"))
    for path, file in survey(source.folder, source.allowed).files if source.folder else ():
        if path.endswith(".py") and path != source.entry_script:
            yield path, Path(file).read_bytes()


def _requirement(one: Distribution) -> str:
    if not one.direct_url:
        return f"{one.name}=={one.public_version}"
    if one.project is not None:
        if one.project.is_dir():
            return str(one.project)
        raise _gone(one, f"from the folder {one.project}, which is not there any more")
    url = urlsplit(str(one.direct_url.get("url")))
    if "vcs_info" in one.direct_url:
        raise _gone(one, "from a repository, whose state no index has")
    if url.scheme in {"http", "https"}:
        address = url.geturl()
        if scrub(address) != address:
            raise _gone(one, f"from {scrub(address)}, with a password, which belongs into no image")
        return f"{one.name} @ {address}"
    path = unquote(url.path)
    if url.scheme == "file" and Path(path).is_file():
        return path
    raise _gone(one, f"from {path}, which is not there any more")


def _gone(one: Distribution, source: str) -> UsageError:
    return UsageError(
        f"{one.name} {one.version}, which the package needs, was installed {source}.",
        hint="Make a wheel of it (pip wheel --no-deps) and name the file: --pip ./name-1.0-py3-none-any.whl",
        code="cannot-capture",
    )
