"""Requests and responses as data."""

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
        "accepts_chunks",
        "body",
        "call_begun",
        "call_expired",
        "client",
        "disconnected",
        "half_closed",
        "headers",
        "held",
        "keep_alive",
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
        """The response that its head alone was reason enough for."""
        self.keep_alive = True
        self.accepts_chunks = True
        """Whether the client understands a body in chunks, which HTTP/1.0 does not know."""
        self.disconnected = False
        """Set when the connection is lost: no response can be written any more."""
        self.half_closed = False
        """Set when the client has closed its side of the connection; it may still read a response."""
        self.call_begun = False
        """Set by the thread that makes the call, before it reads `disconnected` and `half_closed`."""
        self.call_expired = False
        """Set when it was answered because the call took too long; what the call returns later is dropped."""
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

    @property
    def abandoned(self) -> bool:
        """Whether no response is wanted any more."""
        return self.disconnected or self.call_expired

    def disconnect(self) -> None:
        """The connection is lost."""
        self.disconnected = True
        self._free_body()

    def half_close(self) -> None:
        """The client has closed its side, and may still read the response to a call that has begun."""
        self.half_closed = True
        self._free_body()

    def _free_body(self) -> None:
        # A call that has not begun will not be made now. The calling thread sets `call_begun`, then reads our flags;
        # we set a flag, then read `call_begun`: so at least one of the two threads sees what the other has set.
        if not self.call_begun:
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
    """Answer with an error body, which is always `{"message": "..."}` (azure-differences.md 7.2)."""
    return json_response(status, {"message": message[: limits.MESSAGE]}, headers)
