"""Which modules a script imports that nothing in its image provides.

"Do better": such a package would build, and its container would end at once. An error is what is certain: imports
that run when the script is loaded, and images whose packages are all ours. What is imported in a function, a branch
or a `try` is written to the log, and what is there for type checkers alone is passed over.
"""

from __future__ import annotations

import ast
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from queue import Empty, Queue

from jupyter_modelpack import home
from jupyter_modelpack.analysis.module_advice import advice
from jupyter_modelpack.analysis.script_imports import Import, imports_of
from jupyter_modelpack.builder import top_level_modules
from jupyter_modelpack.builder.context.source_files import survey
from jupyter_modelpack.builder.lock.pylock import Lock, Locked
from jupyter_modelpack.builder.recipe import AppSource, Recipe
from jupyter_modelpack.builder.script_text import decoded, parsed, script_bytes
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels import wheel_contents
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import LAYER_KIND, SERVER
from jupyter_modelpack.limits import FORESEE_SECONDS
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import LAYER
from jupyter_modelpack.store.layout import Layout

STOOD_IN_FOR = frozenset({"azureml", "azureml_inference_server_http", "inference_schema", SERVER})
"""Modules that the scoring server itself brings."""

_UNTIL_3_11 = "asynchat asyncore distutils imp smtpd"
_UNTIL_3_12 = (
    "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap nis nntplib ossaudiodev pipes sndhdr spwd sunau "
    "telnetlib uu xdrlib"
)
_NO_PACKAGES = sys.stdlib_module_names | {"__main__", *_UNTIL_3_11.split(), *_UNTIL_3_12.split()}
"""What comes with Python, this one or the image's: an older one has modules that ours has not, and setuptools brings
`distutils` by a hook of its own."""

_AT_ONCE = 8
"""Wheels whose list of files is asked for at the same time."""

_LOOK_SECONDS = 0.1
"""How long a cancel may go unseen."""


def foresee(recipe: Recipe, report: Reporter, lock: Lock, target: BuildTarget) -> None:
    """Raise `BuildFailed` as `check` would, before a single package is fetched.

    Where a package that is not here yet does not say in `FORESEE_SECONDS` what it brings, nothing is said: that is
    left to `check`.
    """
    wanted, cache = _wanted(recipe), Layout.create(home.cache())
    missing = {one for one in wanted if wanted[one].certain}
    unseen = []
    for package in lock.packages if missing else ():
        known = wheel_contents.kept_modules(package, target, cache)
        if known is None:
            unseen.append(package)
        missing -= wheel_contents.installed_modules(package) if known is None else known
    if missing:
        missing.difference_update(shipped_modules(recipe.source))
    if not missing:
        return
    for listed in _lists(unseen, report):
        if listed is None:
            return
        missing -= listed
    _refuse([wanted[one] for one in wanted if one in missing], recipe.source)


def _lists(packages: Sequence[Locked], report: Reporter) -> Iterator[frozenset[str] | None]:
    """Yield the modules that packages list, in any order; None for one that lists none, and last when time is up.

    Nobody waits for the threads that ask: a server that sends a byte a second holds up neither a cancel nor the end of
    the program, as the threads of an executor would.
    """
    # Not a SimpleQueue: its get(timeout=...) may wait for ever (CPython to 3.14).
    todo, found = list(packages), Queue[frozenset[str] | None]()
    shared = iter(todo)  # of a list, so that threads may share it

    def ask() -> None:
        for package in shared:
            modules = None
            try:
                modules = wheel_contents.listed_modules(package)
            finally:
                found.put(modules)

    for _ in todo[:_AT_ONCE]:
        threading.Thread(target=ask, name="modelpack-lists", daemon=True).start()
    left, until = len(todo), time.monotonic() + FORESEE_SECONDS
    try:
        while left:
            report.check()
            if time.monotonic() > until:
                yield None
            try:
                modules = found.get(timeout=_LOOK_SECONDS)
            except Empty:
                continue
            left -= 1
            yield modules
    finally:
        todo.clear()  # the threads end with what they are at


def check(recipe: Recipe, image: Image, store: Layout, report: Reporter) -> None:
    """Raise `BuildFailed` naming the line of an import that must fail in the image; log those that may."""
    wanted = _wanted(recipe)
    missing = wanted.keys() - provided(image, store) if wanted else set()
    if missing:
        missing = missing.difference(shipped_modules(recipe.source))
    _refuse([wanted[one] for one in wanted if one in missing and wanted[one].certain], recipe.source)
    script = Path(recipe.source.entry_script).name
    for one in sorted(missing, key=lambda name: wanted[name].line):
        report.log(
            f"Warning: {script}, line {wanted[one].line}: imports {one} in a function, a branch or a try, "
            "and no package of the environment provides it."
        )


def _refuse(missing: Collection[Import], source: AppSource) -> None:
    if missing:
        ordered = sorted(missing, key=lambda one: one.line)
        raise BuildFailed(
            f"{Path(source.entry_script).name}, line {ordered[0].line}: imports {ordered[0].top}, "
            "which no package of the environment provides.",
            hint=advice(ordered, source),
            code="import-missing",
            step="app",
        )


def provided(image: Image, store: Layout) -> set[str]:
    """Return the top-level modules in the layers of dependencies."""
    cache = Layout.create(home.cache())
    layers = (layer for layer in image.manifest.layers if layer.media_type == LAYER)
    return {
        module
        for layer in layers
        if layer.annotations.get(LAYER_KIND) == "dependencies"
        for module in top_level_modules.provided(layer, store, cache)
    }


def _wanted(recipe: Recipe) -> dict[str, Import]:
    """Return what the script needs of packages, by top-level module; nothing where we cannot see what is there."""
    needs = recipe.needs
    # An editable install, or a path the script adds, may bring modules that we do not see.
    if needs.needs_engine or needs.base or any(line.startswith(("-e", "--editable")) for line in needs.requirements):
        return {}
    script, name = script_bytes(recipe.source), Path(recipe.source.entry_script).name
    text = decoded(script, name)
    if "sys.path" in text or "addsitedir" in text or "PYTHONPATH" in needs.variables:
        return {}
    found: dict[str, Import] = {}
    for one in imports_of([*parsed(script, name).body, *_carried(recipe.source)]):
        if one.top in _NO_PACKAGES or one.top in STOOD_IN_FOR:
            continue
        if one.top not in found or (one.certain and not found[one.top].certain):
            found[one.top] = one
    return found


def shipped_modules(source: AppSource) -> Iterator[str]:
    """Yield the modules that ship with the script."""
    shipped = (path for path, _ in survey(source.folder, source.allowed).files) if source.folder else ()
    for path in (*source.extra, *shipped):
        yield path.partition("/")[0].partition(".")[0]


def _carried(source: AppSource) -> Iterator[ast.stmt]:
    for path, content in source.extra.items():
        if path.endswith(".py"):
            yield from parsed(content, path).body
