"""A notebook variable as the JSON to score."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from jupyter_modelpack.errors import UsageError

_MISSING = {"NAType", "NaTType"}
"""Types of pandas for what is missing, beside NaN."""


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


def as_records(name: str, value: Any) -> str:
    """Return `value` as the JSON text that a made script takes.

    A data frame becomes ``{"data": [{column: value}]}``, with null for what is missing and dates in the form of
    ISO 8601; anything else is what `as_json` makes of it, with null in place of NaN.

    Args:
        name: The variable's name, for the message.
        value: Its value.

    """
    if isinstance(value, str | bytes):
        return as_json(name, value)
    columns = getattr(value, "columns", None)
    if columns is not None and hasattr(value, "itertuples"):  # pandas
        columns, rows = list(columns), value.itertuples(index=False, name=None)
    elif columns is not None and hasattr(value, "iter_rows"):  # polars
        columns, rows = list(columns), value.iter_rows()
    else:
        return as_json(name, _without_nan(_plain(value)) if hasattr(value, "tolist") else value)
    _check_columns(name, columns)
    return as_json(name, {"data": [dict(zip(columns, _without_nan(row), strict=True)) for row in rows]})


def _check_columns(name: str, columns: list[Any]) -> None:
    """Raise `UsageError` for columns that no JSON object could hold."""
    for at, column in enumerate(columns):
        if not isinstance(column, str):
            raise UsageError(
                f"{name}: column {column!r} has a name that is no text, and a request names its columns.",
                hint=f"Fit the model with text for names: {name.partition('[')[0]}.columns = [...]; "
                f"or score it as an array: --sample '{name}.to_numpy()'",
                code="column-name",
            )
        if column in columns[:at]:
            raise UsageError(
                f"{name}: two columns are called {column!r}, and a request names its columns.",
                hint="Rename one of them, and fit the model again.",
                code="column-name",
            )


def _without_nan(value: Any) -> Any:
    """Return a value, or one in lists, with None for what is missing: NaN, NaT and pandas' NA."""
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if type(value).__name__ in _MISSING or (isinstance(value, float) and value != value) else value  # noqa: PLR0124


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
