"""Response objects that scripts return, as responses of ours."""

from collections.abc import Iterable
from typing import Any

from ..http.response_head import header_text
from ..messages import HTML, JSON, Header, Response
from .encode import Encoder
from .rawhttp import AMLResponse

_OURS = frozenset({"content-length", "connection", "transfer-encoding", "date"})


def from_aml(result: AMLResponse, encode: Encoder) -> Response:
    """Convert an AMLResponse.

    json_str=True sends the message as JSON, None as `{}`; text goes as text/html unless a header says
    otherwise. A header value is split at commas into repeated headers (azure-differences.md 7.4).
    """
    headers: list[Header] = []
    content_type = JSON if result.json_str or result.message is None else HTML
    for name, value in result.headers.items():
        if name.lower() == "content-type":
            content_type = header_text(value)
        elif name.lower() not in _OURS:
            headers += [(header_text(name), header_text(part.strip())) for part in str(value).split(",")]
    return Response(_status(result.status_code), _body(result, encode), content_type, headers)


def from_flask(result: Any) -> Response | None:
    """Convert a Flask or Werkzeug response, known by its shape (azure-differences.md 7.4); None for anything else."""
    if not (hasattr(result, "get_wsgi_headers") and hasattr(result, "get_data")):
        return None
    items: Iterable[tuple[str, str]] = result.headers.items()
    headers = [
        (header_text(name), header_text(value))
        for name, value in items
        if name.lower() not in _OURS and name.lower() != "content-type"
    ]
    return Response(_status(result.status_code), result.get_data(), header_text(result.content_type), headers)


def _status(code: Any) -> int:
    number = int(code)
    if not 200 <= number <= 599:
        raise ValueError(f"{number} is not a status a response can end with")
    return number


def _body(result: AMLResponse, encode: Encoder) -> bytes:
    message = result.message
    if result.json_str or message is None:
        return encode(message)
    if isinstance(message, str):
        return message.encode("utf-8", "replace")
    if isinstance(message, (bytes, bytearray, memoryview)):
        return bytes(message)
    return encode(message)  # the original streams the keys of a dictionary, which helps nobody
