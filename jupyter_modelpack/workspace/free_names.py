"""The names that a piece of code takes from outside itself."""

from __future__ import annotations

import builtins
import symtable


def free_names(text: str | bytes) -> set[str]:
    """Return the global names that `text` uses and does not bind, builtins left out.

    What a function declares ``global`` and assigns is bound: so scripts keep their models.
    """
    table = symtable.symtable(text, "cell", "exec")  # type: ignore[arg-type]  # bytes, too: typeshed does not know
    used: set[str] = set()
    bound = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
    _visit(table, table, used, bound)
    return used - bound - set(dir(builtins))


def _visit(table: symtable.SymbolTable, top: symtable.SymbolTable, used: set[str], bound: set[str]) -> None:
    for symbol in table.get_symbols():
        if table is not top and not symbol.is_global():
            continue
        if symbol.is_referenced():
            used.add(symbol.get_name())
        if symbol.is_declared_global() and (symbol.is_assigned() or symbol.is_imported()):
            bound.add(symbol.get_name())
    for child in table.get_children():
        _visit(child, top, used, bound)
