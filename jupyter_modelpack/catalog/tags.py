"""Tags and properties of models: checking them, changing them, filtering by them.

azure-differences.md 3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_modelpack.catalog import azure_output
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


def added(properties: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties with `more` of them; raise `UsageError` when one is there already."""
    fixed = sorted(properties.keys() & more.keys())
    if fixed:
        raise UsageError(
            "Error, properties are immutable, the following keys cannot be added/modified: " + ",".join(fixed)
        )
    return {**properties, **more}


def changed(tags: Mapping[str, Any], more: Mapping[str, Any], without: Sequence[str]) -> dict[str, Any]:
    """Return tags with `more` of them and some taken away; say what is replaced or not there, as Azure does."""
    kept = dict(tags)
    for key in more.keys() & tags.keys():
        azure_output.say(f"Replacing tag {key} -> {tags[key]} with {key} -> {more[key]}")
    if without and not tags:
        azure_output.say("Model has no tags to remove.")
    for key in without:
        if kept.pop(key, None) is None and tags:
            azure_output.say(f"Tag with key {key} not found.")
    return {**kept, **more}


def match(values: Mapping[str, Any], wanted: Filter) -> bool:
    """Whether `values` meets every entry of `wanted`."""
    return all(
        entry in values if isinstance(entry, str) else str(values.get(entry[0])) == str(entry[1]) and entry[0] in values
        for entry in wanted
    )
