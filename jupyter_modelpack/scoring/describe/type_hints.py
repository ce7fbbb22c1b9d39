"""Describe the input and output of a run() without decorators by its type hints, as JSON Schema.

They describe and check nothing: scripts written for Azure ML get text, whatever they have written there.
"""

import collections.abc
import dataclasses
import enum
import json
import types
import typing
from collections.abc import Callable
from typing import Any

from ..inference_schema.swagger_types import PLAIN

_MANY = (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Iterable)
_YIELDED = (
    collections.abc.Generator,
    collections.abc.Iterator,
    collections.abc.AsyncGenerator,
    collections.abc.AsyncIterator,
)
_ARRAYS = {"numpy": "ndarray", "torch": "Tensor"}
_NOT_AGAIN: dict[str, Any] = {"type": "object"}
"""The schema of a class inside itself, since recursive classes have no finite schema without references."""

Schema = dict[str, Any]
Inside = frozenset[Any]


def of_function(run: Callable[..., Any], parameter: str) -> tuple[Schema | None, Schema | None]:
    """Describe the parameter for the data, and the result; None where there is no hint, or one that says nothing."""
    try:
        hints = typing.get_type_hints(run)
    except Exception:  # noqa: BLE001  hints may name what is imported for type checkers only
        return None, None
    given = hints.get(parameter)
    # Text is what every run() gets; what is in it, the hint does not say.
    return (None if given is str else _said(given)), _said(hints.get("return"))


def _said(hint: Any) -> Schema | None:
    try:
        schema = _schema(hint, frozenset())
        json.dumps(schema)  # the members of an enum may be anything
    except Exception:  # noqa: BLE001  classes bring their own code along, and names as hints do
        return None
    return schema or None


def _schema(hint: Any, inside: Inside) -> Schema:
    if hint is None or hint is Any:
        return {}
    if hint is type(None):
        return {"type": "null"}
    if hint in PLAIN:
        return dict(PLAIN[hint])
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _schema(arguments[0], inside)
    if origin in {typing.Union, types.UnionType}:
        return {"anyOf": [_schema(kind, inside) for kind in arguments]}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in _YIELDED:
        item = _schema(arguments[0], inside) if arguments else {}
        return item if item.get("type") == "string" else {"type": "array", "items": item}
    if hint in _MANY or origin in _MANY:
        return {"type": "array", "items": _schema(arguments[0], inside) if arguments else {}}
    if hint is dict or origin in {dict, collections.abc.Mapping}:
        values = _schema(arguments[1], inside) if len(arguments) > 1 else {}
        return {"type": "object", **({"additionalProperties": values} if values else {})}
    return _of_class(hint, inside) if isinstance(hint, type) else {}


def _of_class(kind: type, inside: Inside) -> Schema:
    if kind in inside:
        return dict(_NOT_AGAIN)
    inside |= {kind}
    if issubclass(kind, enum.Enum):
        return {"enum": [member.value for member in kind]}
    if hasattr(kind, "model_json_schema"):
        return _of_pydantic(kind.model_json_schema())
    if _ARRAYS.get(kind.__module__) == kind.__name__:
        return {"type": "array", "items": {}}
    if kind.__name__ == "DataFrame":
        return {"type": "array", "items": {"type": "object"}}
    required: list[str]
    if dataclasses.is_dataclass(kind):
        fields = dataclasses.fields(kind)
        missing = dataclasses.MISSING
        required = [f.name for f in fields if f.default is missing and f.default_factory is missing]
    elif hasattr(kind, "__required_keys__"):  # a TypedDict
        required = sorted(kind.__required_keys__)
    elif hasattr(kind, "_field_defaults"):  # a NamedTuple
        return {"type": "array", "items": {}}
    else:
        return {}
    properties = {name: _schema(hint, inside) for name, hint in typing.get_type_hints(kind).items()}
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _of_pydantic(schema: Schema) -> Schema:
    """Write definitions where they are referred to, for ours is one document with others."""
    known = schema.pop("$defs", {})

    def walk(part: Any, inside: Inside) -> Any:
        if isinstance(part, list):
            return [walk(item, inside) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            name = str(part["$ref"]).rpartition("/")[2]
            return dict(_NOT_AGAIN) if name in inside else walk(known.get(name, {}), inside | {name})
        return {name: walk(item, inside) for name, item in part.items()}

    whole: Schema = walk(schema, frozenset())
    return whole


def without_unions(schema: Any) -> Any:
    """Return the schema for Swagger 2.0, which has neither unions nor null."""
    if isinstance(schema, list):
        return [without_unions(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "anyOf" in schema:
        kinds = [kind for kind in schema["anyOf"] if kind != {"type": "null"}]
        return {**without_unions(kinds[0]), "x-nullable": True} if len(kinds) == 1 else {}
    return {name: without_unions(item) for name, item in schema.items()}
