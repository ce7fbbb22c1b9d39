"""Decode a request's body or query to the text that run() gets (azure-differences.md 7.3, 8)."""

import json
import zlib
from itertools import accumulate
from typing import Any

from ..messages import Request
from . import quoted

_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_MARKS = bytes(set(range(256)) - set(b'"[]{}'))
_STEPS = {ord("["): 1, ord("]"): -1}
_WINDOW = 64 * 1024


class BadInputError(Exception):
    """The request cannot be given to the script; carries the status and the message for the client."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def text_of(request: Request, limit: int) -> str:
    """Return the string that a plain `run(raw_data)` receives.

    GET: the query as a JSON object, every value parsed as JSON where it is JSON. POST: the body. What `curl -d`
    sends without a header claims to be a form; it is taken for the JSON it holds.
    """
    if request.method == "GET":
        return json.dumps(query_object(request.query))
    text = decoded(body_of(request, limit))
    if request.headers.get(b"content-type", b"").lower().startswith(b"application/x-www-form-urlencoded"):
        return _form_as_json(text)
    return text


def body_of(request: Request, limit: int) -> bytes:
    """Return the body, decompressed if needed; `limit` also bounds the decompressed size."""
    coding = request.headers.get(b"content-encoding", b"identity").strip().lower()
    if coding == b"identity":
        return request.body
    if coding not in {b"gzip", b"x-gzip", b"deflate"}:
        raise BadInputError(
            415, f"Content-Encoding {coding.decode('latin-1')} is not known here; gzip and deflate are."
        )
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: gzip and zlib headers are both recognised
    try:
        body = unpacker.decompress(request.body, limit + 1)
    except zlib.error as error:
        raise BadInputError(400, f"The body cannot be unpacked: {error}.") from None
    if len(body) > limit:
        raise BadInputError(413, f"The unpacked body is larger than {limit} bytes (MODELPACK_MAX_BODY).")
    if not unpacker.eof:
        raise BadInputError(400, "The body cannot be unpacked: it ends too early.")
    return body


def decoded(body: bytes) -> str:
    """Decode as UTF-8, whatever charset was claimed; a byte order mark is dropped, json.loads chokes on it."""
    try:
        return body.decode("utf-8-sig" if body.startswith(b"\xef\xbb\xbf") else "utf-8")
    except UnicodeDecodeError as error:
        raise BadInputError(400, f"Input cannot be decoded as UTF-8: {error}") from None


def check_depth(body: bytes, most: int) -> None:
    """Refuse JSON that is nested deeper than anything sensible, before it is parsed."""
    if body.count(b"[") + body.count(b"{") <= most:
        return
    depth = _depth(_brackets(body))
    if depth > most:
        raise BadInputError(400, f"The JSON is nested {depth} deep; {most} is the limit.")


def _brackets(body: bytes) -> bytes:
    """Return the brackets that stand outside of strings, all of them square."""
    if b"\\" in body:  # once pairs are gone, a backslash before a quote escapes it
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = body.translate(_SQUARE, _NO_MARKS).replace(b'""', b"")
    found, inside = [], 0
    for start in range(0, len(marks), _WINDOW):  # in windows: a list of all strings would be many times the body
        parts = marks[start : start + _WINDOW].split(b'"')
        found.append(b"".join(parts[inside::2]))
        inside ^= ~len(parts) & 1  # each quote, one less than there are parts, begins a string or ends it
    return b"".join(found)


def _depth(brackets: bytes) -> int:
    """Return how deep brackets nest, by removing empty pairs level by level while that halves what is left.

    Unmatched closing brackets, which no parser accepts, are ignored.
    """
    brackets += b"]" * (brackets.count(b"[") - brackets.count(b"]"))
    depth = 0
    while len(fewer := brackets.replace(b"[]", b"")) * 2 <= len(brackets) and brackets:
        brackets, depth = fewer, depth + 1
    return depth + max(accumulate(map(_STEPS.__getitem__, brackets), initial=0))


def query_object(query: bytes) -> dict[str, Any]:
    """`a=1&b=[1,2]&e=1&e=2` is `{"a": 1, "b": [1, 2], "e": [1, 2]}` (azure-differences.md 7.1)."""
    found: dict[str, list[Any]] = {}
    try:
        pairs = quoted.pairs(query)
    except quoted.TooManyFieldsError as error:
        raise BadInputError(400, f"The query cannot be parsed: {error}.") from None
    for name, value in pairs:
        found.setdefault(name, []).append(_json_or_text(value))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _form_as_json(text: str) -> str:
    # Plain JSON first: unquoting would turn the plus of 1e+5 into a space.
    if _is_json(text):
        return text
    candidate = quoted.unquoted(text.encode("utf-8")).decode("utf-8", "replace")
    if _is_json(candidate):
        return candidate
    return json.dumps(query_object(text.encode("utf-8"))) if "=" in text else text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
