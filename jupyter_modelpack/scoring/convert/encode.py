"""Encode what run() returned as JSON (azure-differences.md 7.4, 8).

Objects of numpy, pandas and torch are recognised by their methods: this module imports none of these.
"""

import base64
import json
import math
from collections.abc import Callable
from typing import Any

import orjson

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS

Encoder = Callable[[Any], bytes]


class NotSerialisableError(Exception):
    """The value has no JSON form; the client sees 500 without detail, the log names the type."""


def encoder(nan: str) -> Encoder:
    """Choose how NaN and infinities leave: `null` (strict JSON), `literal` (as Azure ML did) or `error`."""
    return {"null": _encode, "literal": _encode_literal, "error": _encode_or_fail}[nan]


def _encode(value: Any) -> bytes:
    if value is None:
        return b"{}"  # azure-differences.md 7.4
    try:
        return orjson.dumps(value, _plain, _OPTIONS)
    except (TypeError, RecursionError):
        # Integers beyond 64 bits, lone surrogates, odd dictionary keys, deep nesting: the slower encoder handles them.
        return _slowly(value, nan_as_null=True)


def _encode_literal(value: Any) -> bytes:
    return b"{}" if value is None else _slowly(value, nan_as_null=False)


def _encode_or_fail(value: Any) -> bytes:
    text = _encode_literal(value)
    try:
        json.loads(text, parse_constant=_forbid)
    except ValueError as error:
        raise NotSerialisableError(
            f"the result holds {error}, which JSON has no word for (MODELPACK_NAN=error)"
        ) from None
    return text


def _forbid(word: str) -> None:
    raise ValueError(word)


def _slowly(value: Any, *, nan_as_null: bool) -> bytes:
    try:
        return json.dumps(_tree(value, nan_as_null), separators=(",", ":")).encode("ascii")
    except RecursionError:
        raise NotSerialisableError("the result is nested too deeply, or contains itself") from None


def _tree(value: Any, nan_as_null: bool) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return None if nan_as_null and not math.isfinite(value) else float(value)
    if isinstance(value, dict):
        return {_key(key): _tree(item, nan_as_null) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tree(item, nan_as_null) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _tree(getattr(value, name), nan_as_null) for name in value.__dataclass_fields__}
    return _tree(_plain(value), nan_as_null)


def _key(key: Any) -> Any:
    return key if key is None or isinstance(key, (str, bool, int, float)) else str(_plain(key))


def _plain(value: Any) -> Any:  # noqa: C901, PLR0911  one list of kinds, most frequent first
    """Turn one object that JSON does not know into one that it does."""
    if isinstance(value, (tuple, set, frozenset)):
        return list(value)
    if isinstance(value, float):
        return float(value)  # a subclass, which orjson does not accept
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text(bytes(value))
    kind = type(value)
    if kind.__name__ in {"NAType", "NaTType"}:
        return None  # pandas' missing values
    if kind.__module__.partition(".")[0] == "pandas" and hasattr(value, "to_dict") and hasattr(value, "columns"):
        return value.to_dict(orient="records")
    for method in ("tolist", "to_list", "to_dicts", "isoformat", "model_dump", "toarray"):
        convert = getattr(value, method, None)
        if callable(convert) and not isinstance(value, type):
            return convert()  # numpy, torch, pandas Series, polars, dates, pydantic, sparse matrices
    if kind.__module__ == "decimal":
        return int(value) if value == value.to_integral_value() else float(value)
    if hasattr(value, "value") and hasattr(kind, "__members__"):
        return value.value  # an Enum
    if kind.__module__ in {"uuid", "pathlib"} or kind.__module__.startswith("pathlib."):
        return str(value)
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):
        return {key: value[key] for key in value}
    if hasattr(value, "__iter__") and hasattr(value, "__next__"):
        return list(value)
    raise NotSerialisableError(f"a value of type {kind.__module__}.{kind.__qualname__} has no JSON form")


def _text(data: bytes) -> str:
    """Text stays text; anything else becomes base64."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(data).decode("ascii")
