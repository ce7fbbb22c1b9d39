"""One page of a table: filtered, sorted and cut where the rows are, so that ten thousand are as quick as ten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_modelpack.frontends.live.tables import Row


def page(rows: Sequence[Row], asked: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Return the page that was asked for, `most` rows long; the last one there is when it lies beyond."""
    found = arranged(rows, str(asked.get("filter", "")), asked.get("sort"), down=bool(asked.get("down")))
    last = max(0, (len(found) - 1) // most)
    number = min(max(0, int(asked.get("page", 0))), last)
    shown = found[number * most : (number + 1) * most]
    return {
        "page": number,
        "pages": last + 1,
        "count": len(found),
        "of": len(rows),
        "first": number * most,
        "rows": [{"name": row.name, "cells": row.cells, "ours": row.ours, "actions": row.actions} for row in shown],
    }


def arranged(rows: Sequence[Row], wanted: str, column: Any, *, down: bool) -> Sequence[Row]:
    """Return the rows that hold every word of `wanted`, sorted by a column; None leaves the order."""
    words = wanted.casefold().split()
    if words:
        rows = [row for row in rows if all(word in " ".join(row.cells).casefold() for word in words)]
    if not isinstance(column, int) or isinstance(column, bool) or not rows or not 0 <= column < len(rows[0].keys):
        return rows
    return sorted(rows, key=lambda row: row.keys[column], reverse=down)
