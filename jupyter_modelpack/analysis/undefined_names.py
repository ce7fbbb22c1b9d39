"""Names that an entry script uses and nobody defines: what a sample may not reach fails in the service.

The compiler's own symbol tables say which scope a name belongs to, so nothing is guessed about scopes.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import symtable
from collections.abc import Collection
from dataclasses import dataclass

from jupyter_modelpack.analysis.entry_script import bound_names
from jupyter_modelpack.builder.script_text import decoded, parsed

_AT_ONCE = {"listcomp", "setcomp", "dictcomp", "genexpr"}
"""Scopes of their own that run where they stand; a generator mostly, as in ``sum(f(x) for x in rows)``."""

_MODULE = frozenset({"__name__", "__file__", "__doc__", "__spec__", "__package__", "__loader__", "__builtins__"})


def undefined(source: bytes, name: str, carried: Collection[str] = ()) -> list[str]:
    """Return one sentence for each name that is not there, in the order of the lines.

    Args:
        source: The script.
        name: What it is called.
        carried: Names that come along from other cells.

    """
    tree = parsed(source, name)
    bound = bound_names(tree)
    missing = names_of(decoded(source, name)).free - _MODULE - set(carried)
    if "*" in bound:
        return []  # anything may come from there
    lines: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in missing:
            lines[node.id] = min(node.lineno, lines.get(node.id, node.lineno))
    known = [*bound, *carried]
    return [
        f"line {line}: {name} is defined nowhere{_near(name, known)}"
        for name, line in sorted(lines.items(), key=lambda one: one[::-1])
    ]


def _near(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else ""


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
