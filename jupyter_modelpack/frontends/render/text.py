"""A view as aligned text."""

from __future__ import annotations

from jupyter_modelpack.frontends.render.view import Block, Fields, Line, Part, Table, View, visible

_LEAST, _GAP = 10, 3
"""Narrowest column and space between columns, as in the tables of the docker command."""


def text(view: View) -> str:
    """Return the view as lines of text, without a newline at the end."""
    return "\n".join(_part(part) for part in view)


def _part(part: Part) -> str:
    match part:
        case Line():
            return visible(part.text)
        case Block():
            return visible(part.text, lines=True)
        case Fields():
            width = max((len(name) for name, _ in part.rows), default=0) + 2
            return "\n".join(f"{name:<{width}}{visible(value)}" for name, value in part.rows)
        case Table():
            return _table(part)


def _table(table: Table) -> str:
    rows = [table.columns, *(tuple(visible(cell) for cell in row) for row in table.rows)]
    widths = [max(_LEAST, max(len(cell) for cell in column) + _GAP) for column in zip(*rows, strict=True)]
    lines = ["".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if not table.rows and table.empty:
        lines.append(table.empty)
    return "\n".join(lines)
