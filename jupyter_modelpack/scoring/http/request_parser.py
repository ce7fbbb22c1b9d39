"""Turn the bytes of one connection into requests, within bounds.

httptools (Node's llhttp, in its strict mode) decides what is well-formed: bare newlines, Content-Length
beside Transfer-Encoding, odd chunk sizes are errors there.
"""

from collections.abc import Callable
from typing import NoReturn, Protocol

import httptools

from .. import limits
from ..messages import Request, Response, problem
from .response_head import framing_of


class RefusedError(Exception):
    """A request that is not read to its end.

    Attributes:
        response: What the client is answered.
    """

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class RequestRules(Protocol):
    """What a server accepts as a request; sizes in bytes."""

    admit: Callable[[Request], Response | None] | None
    """Gives the refusal of a request whose head has arrived, or None; None where heads are not checked."""
    max_body: int
    max_body_reason: str
    """What sets `max_body`, for the message of a 413."""
    max_header_size: int
    max_headers: int


class RequestReceiver(Protocol):
    """What a connection does with what its parser has read."""

    def hold(self, count: int) -> bool:
        """Count bytes of an unfinished request as held in memory; False where there are too many."""
        ...

    def send_continue(self) -> None:
        """Answer `Expect: 100-continue`."""
        ...

    def request_complete(self, request: Request) -> None:
        """Serve a request, or queue it behind the one being served."""
        ...


class RequestParser:
    """The parser of one connection, and what is known of the request that arrives."""

    __slots__ = (
        "_chunks",
        "_framing_size",
        "_head_size",
        "_header_count",
        "_headers",
        "_parser",
        "_receiver",
        "_refusal",
        "_request",
        "_rules",
        "_upgrade_head",
        "_url",
        "between_requests",
        "body_size",
        "in_head",
    )

    def __init__(self, receiver: RequestReceiver, rules: RequestRules) -> None:
        self._receiver = receiver
        self._rules = rules
        self._parser = httptools.HttpRequestParser(self)
        self._refusal: Response | None = None
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._header_count = self._head_size = self._framing_size = 0
        self._upgrade_head: tuple[bytes, dict[bytes, bytes]] | None = None
        """Target and headers of a request that asks for another protocol, while it is parsed once more."""
        self._request: Request | None = None
        """The request whose head is known and whose body arrives."""
        self._chunks: list[bytes | bytearray] = []
        self.body_size = 0
        """Bytes of its body so far."""
        self.in_head = True
        """Whether the next bytes belong to a request's head."""
        self.between_requests = True
        """Whether nothing of the next request has arrived."""

    def feed(self, data: bytes) -> None:
        """Parse what has arrived, and hand complete requests to the receiver.

        Args:
            data: Bytes from the client; `between_requests` has been set to False.

        Raises:
            RefusedError: the request is malformed, too large or not allowed; nothing more may be fed.
            httptools.HttpParserUpgrade: the client has asked for a tunnel (CONNECT): what follows is not HTTP.
        """
        body_size = self.body_size
        try:
            self._feed(data)
        except httptools.HttpParserUpgrade:
            raise
        except httptools.HttpParserError as error:
            refusal = self._refusal or problem(400, f"The request is not well-formed HTTP: {error}.")
            raise RefusedError(refusal) from None
        if not self.in_head:
            self._framing_size += len(data) - (self.body_size - body_size)
            if self._framing_size > limits.FRAMING_SIZE + 8 * self.body_size:
                raise RefusedError(problem(400, "The request is not well-formed HTTP: too little body in its chunks."))
        elif not self.between_requests:
            self._head_size += len(data)
            if self._head_size > limits.HEAD_SIZE:
                raise RefusedError(problem(431, f"The headers are larger than {limits.HEAD_SIZE} bytes."))
            if not self._receiver.hold(len(data)):
                raise RefusedError(busy())

    def _feed(self, data: bytes) -> None:
        """Parse; read on as HTTP/1.1 behind a head that asks for another protocol (RFC 9110, 7.8 allows it).

        httptools takes what follows such a head for that protocol. A new parser is fed a head with the same framing
        of the body and no upgrade.
        """
        rest: bytes | memoryview = data
        while True:
            try:
                self._parser.feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:  # noqa: PERF203  once a request, where at all
                if self._upgrade_head is None:
                    raise
                rest = memoryview(rest)[upgrade.args[0] :]
                head = framing_of(self._parser, self._upgrade_head[1])
                self._parser = httptools.HttpRequestParser(self)
                self._parser.feed_data(head)
            else:
                return

    def drop_body(self) -> None:
        """Forget the body that has arrived so far."""
        self._chunks, self.body_size = [], 0

    def take_unfinished(self) -> Request:
        """Return the request that will not be read to its end, for its refusal and the log."""
        request, self._request = self._request, None
        if request is None:
            method = self._parser.get_method().decode("latin-1") if self._url else "-"
            request = Request(method, "-", b"", self._headers)
        request.keep_alive = False
        return request

    # httptools calls these

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self._url = b""
        self._headers = {}
        self._header_count = self._head_size = self.body_size = self._framing_size = 0
        self.in_head, self.between_requests = True, False

    def on_url(self, url: bytes) -> None:
        """Collect a part of the request target."""
        self._url += url
        if len(self._url) > limits.REQUEST_LINE:
            self.refuse(problem(414, f"The request target is longer than {limits.REQUEST_LINE} bytes."))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect one header; drop a trailer, which must not pass for one."""
        self._header_count += 1
        most, largest = self._rules.max_headers, self._rules.max_header_size
        if self._header_count > most or len(name) + len(value) > largest:
            self.refuse(problem(431, f"More than {most} headers, or one larger than {largest} bytes."))
        if not self.in_head:
            return
        name = name.lower()
        known = self._headers.get(name)
        if known is None:
            self._headers[name] = value
        else:
            self._headers[name] = known + (b"; " if name == b"cookie" else b", ") + value

    def on_headers_complete(self) -> None:
        """Refuse what can be refused by its head, before the body arrives."""
        if self._upgrade_head is not None:
            self._url, self._headers = self._upgrade_head
            self._upgrade_head = None
        elif b"upgrade" in self._headers and self._parser.should_upgrade() and self._parser.get_method() != b"CONNECT":
            self._upgrade_head = self._url, self._headers
            return
        self.in_head = False
        try:
            url = httptools.parse_url(self._url)
        except httptools.HttpParserInvalidURLError:
            self.refuse(problem(400, "The request target cannot be understood."))
        request = self._request = Request(
            self._parser.get_method().decode("latin-1"),
            (url.path or b"/").decode("latin-1"),
            url.query or b"",
            self._headers,
        )
        length = self._headers.get(b"content-length")
        if self._rules.admit is not None and (refusal := self._rules.admit(request)) is not None:
            if length not in {None, b"0"} or b"transfer-encoding" in self._headers:
                self.refuse(refusal)
            request.refusal = refusal
        if length is not None and int(length) > self._rules.max_body:
            self.refuse(self._too_large())
        if self._headers.get(b"expect", b"").lower() == b"100-continue":
            self._receiver.send_continue()

    def on_body(self, body: bytes) -> None:
        """Collect a chunk of the body; join small ones, since each `bytes` takes 40 bytes more than it holds."""
        if self.body_size + len(body) > self._rules.max_body:
            self.refuse(self._too_large())
        self.body_size += len(body)
        chunks = self._chunks
        if not chunks or len(body) >= limits.SMALL_CHUNK:
            chunks.append(body)
        elif isinstance(last := chunks[-1], bytearray) and len(last) < limits.JOINED_CHUNKS:
            last += body
        else:
            chunks.append(bytearray(body))
        if not self._receiver.hold(len(body)):
            self.refuse(busy())

    def on_message_complete(self) -> None:
        """Hand the request over."""
        request = self._request
        if request is None:
            return  # it asks for an upgrade, and is parsed once more
        chunks = self._chunks
        request.body = bytes(chunks[0]) if len(chunks) == 1 else b"".join(chunks)
        self._chunks, self.body_size, self._request = [], 0, None
        self.in_head = self.between_requests = True
        parser = self._parser
        modern = parser.get_http_version() == "1.1"
        request.keep_alive = modern and parser.should_keep_alive() and not parser.should_upgrade()
        request.accepts_chunks = modern
        self._receiver.request_complete(request)

    def refuse(self, response: Response) -> NoReturn:
        """Stop parsing amid a callback.

        Args:
            response: What `feed` raises as a RefusedError.
        """
        self._refusal = response
        raise RefusedError(response)

    def _too_large(self) -> Response:
        rules = self._rules
        return problem(413, f"The body is larger than {rules.max_body} bytes ({rules.max_body_reason}).")


def busy() -> Response:
    """Return the refusal of a request for which there is no memory."""
    message = "The service is busy: more bodies arrive at once than it has memory for (MODELPACK_MAX_BODY)."
    return problem(503, message, [(b"retry-after", b"1")])
