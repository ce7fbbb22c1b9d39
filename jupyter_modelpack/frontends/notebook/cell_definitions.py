"""What an entry script uses of other cells, as one module.

The rule: a name that the script, or a pickle of its models, takes from the notebook is imported when it
is a module or was imported; carried with its source when a cell defined it as a function or class, with
the names that one uses in turn; written down when it is a plain value (numbers, text, None, and lists,
tuples, sets and dictionaries of those). Anything else is refused by its name, unless the script or what
is carried assigns it. A name that the notebook does not have stays as it is: the script may get it in its
own way.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.analysis.undefined_names import names_of
from jupyter_modelpack.builder.script_text import decoded
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.frontends.notebook.cell_source import Definition, defers_annotations, source_of, submodules

if TYPE_CHECKING:
    from jupyter_modelpack.analysis.pickle_names import MainNames

_PLAIN = (str, bytes, bool, int, float, complex, list, tuple, dict, set, type(None))

_LONGEST = 20_000
"""Characters of a plain value; more is data, which belongs into a model or a file."""


class Carrier:
    """Collects from one notebook.

    Args:
        names: The notebook's variables; copied, so that later cells change nothing.

    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = dict(names)
        self._cells: list[str] = list(self._names.get("In") or [])

    def module(self, script: bytes, pickled: MainNames) -> tuple[str, tuple[str, ...]]:
        """Return the module's text, empty when there is nothing to carry, and the names in it."""
        found = names_of(decoded(script, "The cell"))
        collected = _Collected(self._names, self._cells)
        wanted = {name for name in pickled.certain | pickled.possible if _is_own(self._names.get(name))}
        collected.take(found.now - found.bound, "The entry script", Need.NOW)
        collected.take(found.free - found.now, "The entry script", Need.LATER)
        collected.take(wanted, "The model", Need.NOW)
        collected.check(found.bound | found.kept)
        return collected.text(), collected.names()


class Need(IntEnum):
    """How much a name is needed: perhaps, when some function is called, or while the cells are loaded."""

    PERHAPS = 0
    LATER = 1
    NOW = 2


class _Collected:
    def __init__(self, names: Mapping[str, Any], cells: list[str]) -> None:
        self._parts: dict[str, tuple[int, str]] = {}
        self._refused: dict[str, tuple[Need, UsageError]] = {}
        self._kept: set[str] = set()
        self._names, self._cells = names, cells
        self._under_way: set[str] = set()

    def take(self, wanted: Iterable[str], user: str, need: Need) -> None:
        for name in sorted(wanted):
            known = name in self._names and not name.startswith("__")
            if not known or name in self._parts or name in self._under_way:
                continue
            self._under_way.add(name)
            try:
                self._take(name, self._names[name], user, need)
            except UsageError as error:
                before, _ = self._refused.get(name, (need, error))
                self._refused[name] = (max(need, before), error)
            self._under_way.discard(name)

    def check(self, assigned: Collection[str]) -> None:
        """Raise what was refused, but for names that the script assigns, or a carried function does by ``global``."""
        for name, (need, error) in self._refused.items():
            if need is Need.NOW and name in assigned:
                error.hint = f"What needs {name} while it is loaded belongs into the cell, below the line that sets it."
            if need is Need.NOW or (need is Need.LATER and name not in assigned and name not in self._kept):
                raise error

    def _take(self, name: str, value: Any, user: str, need: Need) -> None:
        found = _import_of(name, value, self._cells)
        if found:
            self._parts[name] = (0, found)
        elif _is_own(value):
            self._define(name, value, user, need)
        elif _is_plain(value):
            self._parts[name] = (1, f"{name} = {value!r}\n")
        else:
            raise UsageError(
                f"{user} uses {name}, a {type(value).__name__} of another cell, which cannot be carried along.",
                hint=f"A model is named with --model and loaded in init(); else write {name} down in the cell itself.",
                code="cannot-carry",
            )

    def _define(self, name: str, value: Any, user: str, need: Need) -> None:
        source = source_of(value, self._cells)
        if source is None or "<locals>" in value.__qualname__ or not _binds(source, value.__name__, name):
            raise UsageError(
                f"{user} uses {name} of another cell, whose source cannot be told.",
                hint=f"Define {name} by def or class at the beginning of a line, or in the cell itself.",
                code="cannot-carry",
            )
        deferred = defers_annotations(value, source)
        found = names_of(source, deferred=deferred)
        # A class must find its bases when it is loaded; what is used when it is called may come behind it.
        self.take(found.now, name, Need.NOW if need else need)
        self.take(found.written, name, Need.PERHAPS)
        for missing in found.now & self._refused.keys():
            raise self._refused[missing][1]
        alias = "" if _binds(source, name, name) else f"\n{name} = {value.__name__}\n"
        future = "from __future__ import annotations\n" if deferred else ""
        self._parts[name] = (2, f"\n\n{future}{source.rstrip()}\n{alias}")
        self._kept |= found.kept
        self.take(found.used - found.now - found.kept, name, min(need, Need.LATER))
        self.take(found.kept, name, Need.PERHAPS)

    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self._ordered())

    def _ordered(self) -> list[tuple[str, tuple[int, str]]]:
        return sorted(self._parts.items(), key=lambda part: part[1][0])

    def text(self) -> str:
        if not self._parts:
            return ""
        return (
            "# Carried along from other cells of the notebook by modelpack; they share the entry script's globals.\n\n"
            + "".join(text for _, (_, text) in self._ordered())
        )


def _import_of(name: str, value: Any, cells: Sequence[str]) -> str:
    if isinstance(value, types.ModuleType):
        if value.__name__ != name:
            return f"import {value.__name__} as {name}\n"
        return "".join(f"import {module}\n" for module in sorted({name, *submodules(name, cells)}))
    home, own = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if not isinstance(home, str) or not isinstance(own, str) or home == "__main__":
        return ""
    if getattr(sys.modules.get(home), own, None) is not value:
        return ""
    return f"from {home} import {own}\n" if own == name else f"from {home} import {own} as {name}\n"


def _is_own(value: Any) -> bool:
    return getattr(value, "__module__", None) == "__main__" and hasattr(value, "__qualname__")


def _is_plain(value: Any) -> bool:
    if type(value) not in _PLAIN or len(text := repr(value)) > _LONGEST:
        return False
    try:
        return bool(ast.literal_eval(text) == value)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False


def _binds(source: str, *names: str) -> bool:
    try:
        body = ast.parse(source).body
    except (SyntaxError, RecursionError, MemoryError):  # a lambda in the middle of an expression
        return False
    bound = {node.name for node in body if isinstance(node, Definition)}
    targets = (target for node in body if isinstance(node, ast.Assign) for target in node.targets)
    bound |= {target.id for target in targets if isinstance(target, ast.Name)}
    return not bound.isdisjoint(names)
