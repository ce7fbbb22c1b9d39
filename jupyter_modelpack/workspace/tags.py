"""Tags and properties of models: checking them, filtering by them.

Contract section 3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_modelpack.errors import UsageError

Filter = Sequence[str | Sequence[str]]
"""``["key", ["key", "value"]]``: the key is there, the key has that value."""


def check(values: Mapping[str, Any] | None, what: str) -> dict[str, Any]:
    """Return `values` as JSON would keep them; raise `UsageError` naming `what` (``Tags``) otherwise."""
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UsageError(f"{what} must be a dict")
    try:
        kept: dict[str, Any] = json.loads(json.dumps(values, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{what} must be JSON serializable: {error}.") from error
    return kept


def check_filter(values: object, what: str) -> Filter:
    """Return a filter; raise `UsageError` as Azure words it."""
    if values is None:
        return []
    if not isinstance(values, list):
        raise UsageError(
            f'Expected {what} must be list type. Ex. ["key", ["key2", "key2 value"]]: provided {type(values)}'
        )
    for value in values:
        if not isinstance(value, str) and not (isinstance(value, (list, tuple)) and len(value) == 2):
            raise UsageError(f'An entry of {what} is "key" or ["key", "value"], not {value!r}.')
    return values


def match(values: Mapping[str, Any], wanted: Filter) -> bool:
    """Whether `values` meets every entry of `wanted`."""
    return all(
        entry in values if isinstance(entry, str) else str(values.get(entry[0])) == str(entry[1]) and entry[0] in values
        for entry in wanted
    )
