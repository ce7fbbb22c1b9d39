"""The Open Inference Protocol, version 2: tensors in and out of a run() that knows nothing of it.

Tensors become the JSON object that an entry script expects, under their names; a single one is also `data`, which
is what scripts written for Azure ML read. What run() returns becomes tensors again: a dictionary one for each
entry, anything else one named `predict`.
"""

import json
from typing import Any

import orjson

from .. import limits
from ..messages import Response, json_response
from .decode import BadInputError, check_depth

_WORDS: dict[type, str] = {bool: "BOOL", int: "INT64", float: "FP64", str: "BYTES"}
_VALUES = 10_000_000
"""Most values of one tensor, which bounds the work of checking a shape."""


def text_of(body: bytes, depth: int) -> str:
    """Turn an inference request into the text a plain run() reads."""
    check_depth(body, depth)
    try:
        content = orjson.loads(body)
        tensors = {str(tensor["name"]): _nested(tensor) for tensor in content["inputs"]}
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise BadInputError(
            400, f"An inference request of protocol version 2 was expected: {type(error).__name__}: {error}."
        ) from None
    if not tensors:
        raise BadInputError(400, "An inference request of protocol version 2 has at least one input.")
    if len(tensors) == 1:
        tensors.setdefault("data", next(iter(tensors.values())))
    return json.dumps(tensors)


def answer(response: Response, model: str, request_body: bytes) -> Response:
    """Turn the answer of run() into an inference response; an error keeps its status and becomes `{"error": ...}`."""
    try:
        value = json.loads(response.body)
    except ValueError:
        value = response.body.decode("utf-8", "replace")
    if response.status >= 400:
        message = value.get("message", value) if isinstance(value, dict) else value
        return json_response(response.status, {"error": message}, response.headers)
    named = value if isinstance(value, dict) else {"predict": value}
    content: dict[str, Any] = {"model_name": model, "outputs": [_tensor(name, item) for name, item in named.items()]}
    given = _id_of(request_body)
    if given is not None:
        content["id"] = given
    return json_response(response.status, content, response.headers)


def metadata(model: str, version: str, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> dict[str, Any]:
    """Describe a model."""
    return {"name": model, "versions": [version], "platform": "modelpack_python", "inputs": inputs, "outputs": outputs}


def _nested(tensor: dict[str, Any]) -> Any:
    name, shape, data = str(tensor["name"])[:200], tensor["shape"], tensor["data"]
    if not isinstance(shape, list) or len(shape) > limits.TENSOR_RANK:
        raise BadInputError(400, f"{name}: the shape is a list of {limits.TENSOR_RANK} lengths at most.")
    if not isinstance(data, list):
        raise BadInputError(400, f"{name}: data is a list of the tensor's values.")
    flat: list[Any] = []
    stack = [data]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        else:
            flat.append(item)
    size = 1
    for length in shape:
        if not isinstance(length, int) or length < 0 or (size := size * length) > _VALUES:
            raise BadInputError(400, f"{name}: the shape {shape} cannot be used.")
    if size != len(flat):
        raise BadInputError(400, f"{name}: the shape {shape} has {size} values, data has {len(flat)}.")
    for length in reversed(shape[1:]):
        flat = [flat[start : start + length] for start in range(0, len(flat), length)] if length else []
    return flat


def _tensor(name: str, value: Any) -> dict[str, Any]:
    shape: list[int] = []
    inner = value
    while isinstance(inner, list):
        shape.append(len(inner))
        inner = inner[0] if inner else None
    flat = [value]
    for length in shape:
        if any(not isinstance(row, list) or len(row) != length for row in flat):
            return {"name": name, "datatype": "BYTES", "shape": [1], "data": [json.dumps(value)]}  # ragged
        flat = [item for row in flat for item in row]
    kinds = {type(item) for item in flat}
    if kinds == {int, float}:
        kinds = {float}
    word = _WORDS.get(next(iter(kinds))) if len(kinds) == 1 else None
    if word is None:
        word, flat = "BYTES", [item if isinstance(item, str) else json.dumps(item) for item in flat]
    return {"name": name, "datatype": word, "shape": shape or [1], "data": flat}


def _id_of(body: bytes) -> str | None:
    if b'"id"' not in body:
        return None
    try:
        found = orjson.loads(body).get("id")
    except (orjson.JSONDecodeError, AttributeError):
        return None
    return found if isinstance(found, str) else None
