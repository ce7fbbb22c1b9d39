"""Requests that were read completely, responses that are ready to be written."""

import json
from typing import TYPE_CHECKING, Any

from . import limits

if TYPE_CHECKING:
    from .body_stream import Stream

HTML = b"text/html; charset=utf-8"
JSON = b"application/json"

Header = tuple[bytes, bytes]


class Request:
    """One request: headers are lower-cased and, where repeated, joined as RFC 9110 5.3 says."""

    __slots__ = (
        "begun",
        "body",
        "chunks",
        "client",
        "gone",
        "headers",
        "held",
        "keep_alive",
        "left",
        "method",
        "model",
        "path",
        "query",
        "refusal",
        "span",
        "started",
        "tensors",
    )

    def __init__(self, method: str, path: str, query: bytes, headers: dict[bytes, bytes], body: bytes = b"") -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.refusal: Response | None = None
        """What its head is answered with already."""
        self.keep_alive = True
        self.chunks = True
        """Whether the client understands a body in chunks, which HTTP/1.0 does not know."""
        self.gone = False
        """Set when the connection is lost: there is nothing to write to any more."""
        self.left = False
        """Set when the client has closed its side and the call has not begun."""
        self.begun = False
        """Set by the thread that makes the call, before it looks whether the client is gone."""
        self.model = ""
        """Which of the entry script's `models` is asked; empty for its run()."""
        self.tensors = False
        """Whether the body is an inference request of the Open Inference Protocol."""
        self.span: Any = None
        """What traces the call, where OpenTelemetry does."""
        self.client = ""
        self.started = 0.0
        self.held = 0
        """Bytes that count as held in memory for it."""

    def lose(self) -> None:
        """The connection is lost."""
        self.gone = True
        self._spare()

    def leave(self) -> None:
        """The client has closed its side, and may still read an answer to a call that has begun."""
        self.left = True
        self._spare()

    def _spare(self) -> None:
        # A call that has not begun will not be made now. The other thread sets `begun`, then looks; we set, then look.
        if not self.begun:
            self.body = b""


class Response:
    """One response: status, headers in order, body."""

    __slots__ = ("body", "content_type", "headers", "size", "status", "stream")

    def __init__(
        self, status: int, body: bytes, content_type: bytes = JSON, headers: list[Header] | None = None
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers: list[Header] = [] if headers is None else headers
        self.stream: Stream | None = None
        """Where the body comes from while it is made; `body` is empty then."""
        self.size = len(body)


def json_response(status: int, content: Any, headers: list[Header] | None = None) -> Response:
    """Answer with JSON."""
    return Response(status, json.dumps(content).encode(), JSON, headers)


def problem(status: int, message: str, headers: list[Header] | None = None) -> Response:
    """Answer with an error body, which is always `{"message": "..."}` (contract 7.2)."""
    return json_response(status, {"message": message[: limits.MESSAGE]}, headers)
