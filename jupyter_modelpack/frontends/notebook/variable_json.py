"""A notebook variable as the JSON to score."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from jupyter_modelpack.errors import UsageError


def is_expression(text: str, names: Mapping[str, Any]) -> bool:
    """Whether `text` begins with a variable's name and goes on as Python does: ``X_test``, ``X_test[:2]``."""
    try:
        node: ast.AST = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id in names


def as_json(name: str, value: Any) -> str:
    """Return `value` as JSON text.

    Text is taken as JSON already; an array or a data frame becomes ``{"data": [rows]}``, the form that
    the documented entry scripts read, with dates in the form of ISO 8601; everything else is written as it is.

    Args:
        name: The variable's name, for the message.
        value: Its value.

    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    rows = _plain(value)
    if rows is not value:
        value = {"data": rows}
    try:
        return json.dumps(value, default=_element)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"The variable {name} cannot be written as JSON: {error}.",
            hint="Score a dict, a list, an array, a data frame or JSON text.",
        ) from error


def _plain(value: Any) -> Any:
    """Return an array or a data frame as lists, anything else as it is; by shape, without importing either."""
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    return value.tolist() if hasattr(value, "tolist") else value


def _element(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    found = _plain(value)
    if found is value:
        raise TypeError(f"{type(value).__name__} is not JSON")
    return found
