"""What run() gets to read: a request's body or query as text (contract 7.3 with "Do better")."""

import json
import re
import zlib
from itertools import accumulate
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from .messages import Request

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(set(range(256)) - set(_STEPS))


class BadInputError(Exception):
    """The request cannot be given to the script; carries the status and the message for the client."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def text_of(request: Request, limit: int) -> str:
    """Give the string that a plain `run(raw_data)` receives.

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
    """Give the body, unpacked where it was sent packed; `limit` also bounds what it unpacks to."""
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
    brackets = _STRING.sub(b"", body).translate(None, _NO_BRACKETS)
    depth = max(accumulate((_STEPS[bracket] for bracket in brackets), initial=0))
    if depth > most:
        raise BadInputError(400, f"The JSON is nested {depth} deep; {most} is the limit.")


def query_object(query: bytes) -> dict[str, Any]:
    """`a=1&b=[1,2]&e=1&e=2` is `{"a": 1, "b": [1, 2], "e": [1, 2]}` (contract 7.1)."""
    found: dict[str, list[Any]] = {}
    try:
        pairs = parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000)
    except ValueError as error:
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
    for candidate in (text, unquote_plus(text)):
        if _is_json(candidate):
            return candidate
    return json.dumps(query_object(text.encode("utf-8"))) if "=" in text else text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
