"""What a script imports, and how surely it is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Import:
    """One module that a script imports.

    Attributes:
        name: Its dotted name; of ``from a import b``, ``a.b``, which may be no module.
        line: Where.
        certain: Whether loading the script fails without it: not where it is in a ``try``, a branch or a function.
    """

    name: str
    line: int
    certain: bool

    @property
    def top(self) -> str:
        """The part of its name that a package must provide."""
        return self.name.partition(".")[0]


def imports_of(body: Iterable[ast.stmt]) -> Iterator[Import]:
    """Yield what these statements import, but for what is there for type checkers alone."""
    waiting = [(node, True) for node in reversed(list(body))]
    while waiting:
        node, certain = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, certain) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (Import(f"{node.module}.{alias.name}", node.lineno, certain) for alias in node.names)
        elif isinstance(node, ast.If) and _is_for_type_checkers(node.test):
            waiting += [(line, certain) for line in reversed(node.orelse)]
        else:
            runs = isinstance(node, ast.ClassDef) or (
                isinstance(node, ast.With | ast.AsyncWith) and not _forgives(node)
            )
            waiting += [(line, certain and runs) for line in reversed(list(_inner(node)))]


def _inner(node: ast.stmt) -> Iterator[ast.stmt]:
    for field in ("body", "handlers", "orelse", "finalbody", "cases"):
        for child in getattr(node, field, ()):
            if isinstance(child, ast.stmt):
                yield child
            else:  # of an `except` or a `case`
                yield from child.body


def _is_for_type_checkers(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _forgives(node: ast.With | ast.AsyncWith) -> bool:
    return "suppress" in " ".join(ast.unparse(item.context_expr) for item in node.items)
