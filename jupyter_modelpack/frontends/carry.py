"""What an entry script uses of other cells, as one module.

The rule: a name that the script, or a pickle of its models, takes from the notebook is imported when it
is a module or was imported; carried with its source when a cell defined it as a function or class, with
the names that one uses in turn; written down when it is a plain value (numbers, text, None, and lists,
tuples, sets and dictionaries of those). Anything else is refused by its name. A name that the notebook
does not have stays as it is: the script may get it in its own way.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.frontends.cell_source import Definition, source_of, submodules
from jupyter_modelpack.workspace.free_names import free_names

if TYPE_CHECKING:
    from jupyter_modelpack.workspace.main_names import MainNames

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
        collected = _Collected(self._names, self._cells)
        wanted = {name for name in pickled.certain | pickled.possible if _is_own(self._names.get(name))}
        collected.take(sorted(free_names(script)), "The entry script")
        collected.take(sorted(wanted), "The model")
        return collected.text(), tuple(collected.parts)


class _Collected:
    def __init__(self, names: Mapping[str, Any], cells: list[str]) -> None:
        self.parts: dict[str, tuple[int, str]] = {}
        self._names, self._cells = names, cells
        self._under_way: set[str] = set()

    def take(self, wanted: Iterable[str], user: str) -> None:
        for name in wanted:
            known = name in self._names and not name.startswith("__")
            if known and name not in self.parts and name not in self._under_way:
                self._take(name, self._names[name], user)

    def _take(self, name: str, value: Any, user: str) -> None:
        self._under_way.add(name)
        found = _import_of(name, value, self._cells)
        if found:
            self.parts[name] = (0, found)
        elif _is_own(value):
            self._define(name, value, user)
        elif _is_plain(value):
            self.parts[name] = (1, f"{name} = {value!r}\n")
        else:
            raise UsageError(
                f"{user} uses {name}, a {type(value).__name__} of another cell, which cannot be carried along.",
                hint=f"A model is named with --model and loaded in init(); else write {name} down in the cell itself.",
                code="cannot-carry",
            )

    def _define(self, name: str, value: Any, user: str) -> None:
        source = source_of(value, self._cells)
        if source is None or "<locals>" in value.__qualname__ or not _binds(source, value.__name__, name):
            raise UsageError(
                f"{user} uses {name} of another cell, whose source cannot be told.",
                hint=f"Define {name} by def or class at the beginning of a line, or in the cell itself.",
                code="cannot-carry",
            )
        # What it needs comes before it: a class must find its bases.
        self.take(sorted(free_names(source)), name)
        alias = "" if _binds(source, name, name) else f"\n{name} = {value.__name__}\n"
        self.parts[name] = (2, f"\n\n{source.rstrip()}\n{alias}")

    def text(self) -> str:
        if not self.parts:
            return ""
        ordered = sorted(self.parts.values(), key=lambda part: part[0])
        return '"""Carried along from other cells of the notebook by modelpack."""\n\n' + "".join(
            text for _, text in ordered
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
