"""A request that fits a service, as the service itself describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.engine.description import describe

_DEEPEST = 20

_BY_FORMAT = {"date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z", "time": "12:00:00", "byte": ""}
_BY_TYPE: Mapping[str, Any] = {"number": 0.0, "integer": 0, "boolean": False, "null": None}


def sample(service: Service) -> Any:
    """Return a request that fits the service's description of its input, or None when it gives none."""
    return sample_in(describe(service).document)


def sample_in(document: Mapping[str, Any]) -> Any:
    """Return the example of the input in a Swagger document, else one made from its schema, or None."""
    definitions = document.get("definitions")
    schema = definitions.get("ServiceInput") if isinstance(definitions, dict) else None
    return _made(schema, _DEEPEST) or None


def _made(schema: Any, deepest: int) -> Any:
    """Return a value that fits a JSON schema: its example, its default, or what its type says."""
    if not isinstance(schema, dict) or deepest == 0:
        return None
    for word in ("example", "default"):
        if word in schema:
            return schema[word]
    if isinstance(choices := schema.get("enum"), list) and choices:
        return choices[0]
    kind = schema.get("type")
    if kind == "object":
        parts = schema.get("properties")
        return {name: _made(part, deepest - 1) for name, part in parts.items()} if isinstance(parts, dict) else {}
    if kind == "array":
        item = schema.get("items")
        return [_made(item, deepest - 1)] if item else []
    if kind == "string":
        return _BY_FORMAT.get(str(schema.get("format")), "text")
    return _BY_TYPE.get(str(kind))
