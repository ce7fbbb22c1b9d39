"""Samples, described as Swagger schemas (azure-differences.md 7.8)."""

import datetime as dt
from typing import Any

PLAIN: dict[type, dict[str, Any]] = {
    bool: {"type": "boolean"},
    int: {"type": "integer", "format": "int64"},
    float: {"type": "number", "format": "double"},
    str: {"type": "string"},
    bytes: {"type": "string", "format": "byte"},
    bytearray: {"type": "string", "format": "byte"},
    dt.date: {"type": "string", "format": "date"},
    dt.datetime: {"type": "string", "format": "date-time"},
    dt.time: {"type": "string", "format": "time"},
}


def describe(sample: Any) -> dict[str, Any]:
    """Describe a value and show it as the example."""
    return {**_shape(sample), "example": _example(sample)}


def array_schema(sample: Any, dimensions: int, dtype: Any) -> dict[str, Any]:
    """Describe nested arrays of one numpy type."""
    item: dict[str, Any] = {
        "f": {"type": "number", "format": "double"},
        "i": {"type": "integer", "format": "int64"},
        "u": {"type": "integer", "format": "int64"},
        "b": {"type": "boolean"},
        "M": {"type": "string", "format": "date-time"},
    }.get(dtype.kind, _shape(_first(sample)))
    for _ in range(dimensions):
        item = {"type": "array", "items": item}
    return item


def _shape(sample: Any) -> dict[str, Any]:
    if hasattr(sample, "input_to_swagger"):
        schema = dict(sample.input_to_swagger())
        schema.pop("example", None)
        return schema
    if isinstance(sample, dict):
        properties = {str(name): _shape(value) for name, value in sample.items()}
        return {"type": "object", "required": list(properties), "properties": properties}
    if isinstance(sample, (list, tuple)):
        return {"type": "array", "items": _shape(sample[0]) if sample else {"type": "object"}}
    return dict(PLAIN.get(type(sample), {"type": "object"}))


def _example(sample: Any) -> Any:
    if hasattr(sample, "input_to_swagger"):
        return sample.input_to_swagger().get("example")
    if isinstance(sample, dict):
        return {str(name): _example(value) for name, value in sample.items()}
    if isinstance(sample, (list, tuple)):
        return [_example(value) for value in sample]
    if isinstance(sample, (dt.date, dt.time)):
        return sample.isoformat()
    return sample.decode("latin-1") if isinstance(sample, (bytes, bytearray)) else sample


def _first(sample: Any) -> Any:
    while isinstance(sample, list) and sample:
        sample = sample[0]
    return sample
