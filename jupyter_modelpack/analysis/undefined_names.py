"""Names that an entry script uses and nobody defines: what a sample may not reach fails in the service.

The compiler's own tables say what is a name of where, so that nothing is guessed about scopes.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection

from jupyter_modelpack.analysis.entry_script import bound_names
from jupyter_modelpack.analysis.free_names import free_names
from jupyter_modelpack.builder.script_text import decoded, parsed

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
    missing = free_names(decoded(source, name)) - _MODULE - set(carried)
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
