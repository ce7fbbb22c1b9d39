"""The arguments of a run() that is decorated with inference_schema, the real one or ours."""

import inspect
import json
import sys
from collections.abc import Callable
from typing import Any

import orjson

from ..convert.decode import BadInputError, body_of, check_depth, decoded, query_object, text_of
from ..messages import Request
from . import decorators


def describe(run: Callable[..., Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the input and output schema of `run`, or None when it is not decorated."""
    real = sys.modules.get("inference_schema.schema_util")
    for tools in (decorators, real):
        if tools is not None and tools.is_schema_decorated(run):
            return tools.get_input_schema(run), tools.get_output_schema(run)
    return None


def arguments_of(request: Request, parameters: dict[str, inspect.Parameter], limit: int, depth: int) -> dict[str, Any]:
    """Give each parameter but `request_headers` an argument; ignore unknown keys (azure-differences.md 7.3)."""
    given = query_object(request.query) if request.method == "GET" else _json_object(request, limit, depth)
    arguments = {}
    for name, parameter in parameters.items():
        if name == "request_headers":
            continue
        if name in given:
            arguments[name] = given[name]
        elif parameter.default is parameter.empty:
            raise BadInputError(400, f"A value is not provided for the {name!r} parameter.")
        else:
            arguments[name] = parameter.default  # the real decorators look for every parameter they describe
    return arguments


def _json_object(request: Request, limit: int, depth: int) -> dict[str, Any]:
    kind = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind == b"application/x-www-form-urlencoded":
        body = text_of(request, limit).encode()  # curl -d without a header
    elif kind and kind != b"application/json" and not kind.endswith(b"+json"):
        raise BadInputError(415, "Expects Content-Type to be application/json")
    else:
        body = body_of(request, limit)
    if not body:
        raise BadInputError(400, "POST body is empty. Expecting a JSON dictionary.")
    value = _parsed(body, depth)
    if not isinstance(value, dict):
        raise BadInputError(400, "POST body should be a JSON dictionary.")
    return value


def _parsed(body: bytes, depth: int) -> Any:
    check_depth(body, depth)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # Once more by the standard library: it takes NaN, and its messages are the documented ones.
        try:
            return json.loads(decoded(body))
        except (ValueError, RecursionError) as error:
            raise BadInputError(400, f"POST body could not be decoded as JSON: {error}") from None
