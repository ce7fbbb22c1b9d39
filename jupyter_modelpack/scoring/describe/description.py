"""Describe a model's input and output by its decorators, else type hints, else the packaged sample."""

import json
from typing import Any, NamedTuple

from ..inference_schema.swagger_types import describe
from ..script.entry_script import EntryScript
from . import type_hints

Schema = dict[str, Any]

_WORDS = {"number": "FP64", "integer": "INT64", "boolean": "BOOL", "string": "BYTES"}


class Description(NamedTuple):
    """JSON schemas; None where nothing is known."""

    given: Schema | None = None
    returned: Schema | None = None


def of_entry(entry: EntryScript, sample: str = "") -> Description:
    """Describe a run(); `sample` is the JSON of one request."""
    if entry.schemas is not None:
        return Description(*entry.schemas)
    if entry.raw:
        return Description()
    given, returned = type_hints.of_function(entry.run, entry.data_name)
    try:
        example = json.loads(sample)
    except ValueError:
        return Description(given, returned)
    return Description(describe(example) if given is None else {**given, "example": example}, returned)


def tensors(schema: Schema | None, alone: str) -> list[dict[str, Any]]:
    """Name the tensors of a schema for the metadata of the Open Inference Protocol; none where it is no tensors.

    A single value goes by the name `alone`. A size that may vary is -1.
    """
    if schema is None:
        return []
    parts = schema.get("properties")
    named = parts if isinstance(parts, dict) else {alone: schema}
    examples = schema.get("example")
    found = []
    for name, part in named.items():
        example = examples.get(name) if isinstance(parts, dict) and isinstance(examples, dict) else examples
        tensor = _tensor(part, example)
        if tensor is not None:
            found.append({"name": name, **tensor})
    return found


def _tensor(schema: Schema, example: Any) -> dict[str, Any] | None:
    shape: list[int] = []
    fixed = schema.get("format") == "numpy.ndarray"  # which enforces every size but the first
    inner = schema
    while inner.get("type") == "array":
        known = isinstance(example, list)
        shape.append(len(example) if fixed and shape and known else -1)
        example = example[0] if known and example else None
        inner = inner.get("items") or {}
    word = _WORDS.get(str(inner.get("type")))
    return {"datatype": word, "shape": shape or [1]} if word else None
