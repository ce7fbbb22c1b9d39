"""The global names that a piece of code uses, and when."""

from __future__ import annotations

import ast
import builtins
import symtable
from dataclasses import dataclass

_AT_ONCE = {"listcomp", "setcomp", "dictcomp", "genexpr"}
"""Scopes of their own that run where they stand; a generator mostly, as in ``sum(f(x) for x in rows)``."""


@dataclass(frozen=True)
class Names:
    """What a piece of code uses and binds; builtins are left out.

    Attributes:
        used: Global names that are read somewhere.
        now: Those of `used` that are read while the code is loaded: bases, decorators, default values.
        bound: Names bound at its top.
        kept: Names that its functions declare ``global`` and assign: so scripts keep their models.
        written: Names in annotations, which need not be there where annotations are not evaluated.
    """

    used: frozenset[str]
    now: frozenset[str]
    bound: frozenset[str]
    kept: frozenset[str]
    written: frozenset[str]

    @property
    def free(self) -> frozenset[str]:
        """What is used and never bound here."""
        return self.used - self.bound - self.kept


def names_of(text: str, *, deferred: bool = False) -> Names:
    """Return the names of `text`, which is valid Python.

    Args:
        text: The code.
        deferred: Whether it is compiled under ``from __future__ import annotations``.

    """
    table = symtable.symtable(f"from __future__ import annotations\n{text}" if deferred else text, "cell", "exec")
    used: set[str] = set()
    now: set[str] = set()
    kept: set[str] = set()
    waiting = [(table, True)]
    while waiting:
        scope, at_once = waiting.pop()
        for symbol in scope.get_symbols():
            if scope is not table and not symbol.is_global():
                continue
            if symbol.is_referenced():
                used.add(symbol.get_name())
                now.update([symbol.get_name()] if at_once else [])
            if symbol.is_declared_global() and (symbol.is_assigned() or symbol.is_imported()):
                kept.add(symbol.get_name())
        waiting += [
            (child, at_once and (child.get_type() == "class" or child.get_name() in _AT_ONCE))
            for child in scope.get_children()
        ]
    bound = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
    known = frozenset(dir(builtins))
    return Names(frozenset(used) - known, frozenset(now) - known, frozenset(bound), frozenset(kept), _written(text))


def _written(text: str) -> frozenset[str]:
    nodes = list(ast.walk(ast.parse(text)))
    annotations = [getattr(node, field, None) for node in nodes for field in ("annotation", "returns")]
    return frozenset(
        name.id for one in annotations if one for name in ast.walk(one) if isinstance(name, ast.Name)
    ) - frozenset(dir(builtins))


def free_names(text: str) -> frozenset[str]:
    """Return the global names that `text` uses and does not bind, builtins left out."""
    return names_of(text).free
