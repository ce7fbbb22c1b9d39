"""One client connection: bytes in, requests out, responses back in order.

httptools (Node's llhttp, in its strict mode) decides what is well-formed: bare newlines, Content-Length
beside Transfer-Encoding, odd chunk sizes are errors there. Here everything is bounded and timed.
"""

import asyncio
import contextlib
import os
import time
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools

from .. import limits
from ..body_stream import Stream
from ..messages import Request, Response, problem
from .response_head import framing_of, head_of

if TYPE_CHECKING:
    from .server import Server


class _RefusedError(Exception):
    """Raised inside a parser callback to stop parsing; the connection holds the response."""


class Connection(asyncio.Protocol):
    """The protocol object asyncio makes for every accepted socket."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._client = ""
        self._active: Request | None = None
        self._answer: Response | None = None  # the one that is being streamed
        self._stream: Stream | None = None
        self._waiting: deque[Request] = deque()
        self._refusal: Response | None = None
        self._last = False  # no request is read after this one
        self._deaf = False  # what still arrives is dropped
        self._paused = False
        self._blocked = False  # the client does not read what we write
        self._reading_head = True
        self._fresh = True  # nothing of the next request has arrived
        self._head_size = 0
        self._framing = 0
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._header_count = 0
        self._ignored: tuple[bytes, dict[bytes, bytes]] | None = None  # the head of a request that asks for an upgrade
        self._reading: Request | None = None  # whose head is known, and whose body arrives
        self._chunks: list[bytes | bytearray] = []
        self._size = 0  # of what has arrived of a body
        self._kept = 0  # what the server's books hold for what has arrived: head and body
        self.kept_since = 0.0
        self.deadline = 0.0
        self.quiet_since = 0.0

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock: silence from the beginning is silence too."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._client = peer[0] if isinstance(peer, tuple) else ""
        self.quiet_since = time.monotonic()
        self.deadline = self.quiet_since + self._server.header_seconds
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """Nobody waits for the answers that are due any more."""
        self._server.connections.discard(self)
        self._drop_body()
        for request in (self._active, *self._waiting):
            if request is not None:
                request.lose()
                self._release(request)
        self._waiting.clear()
        if self._stream is not None:
            self._stream.lose()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, within bounds."""
        if self._deaf:
            return
        if self._fresh:
            self._fresh = False
            self.deadline = time.monotonic() + self._server.header_seconds
        elif not self._reading_head:
            self.deadline = time.monotonic() + limits.BODY_STALL_SECONDS
        size = self._size
        try:
            self._feed(data)
        except httptools.HttpParserUpgrade:
            self._last = self._deaf = True  # CONNECT: what follows is not HTTP
            return
        except httptools.HttpParserError as error:
            self._refuse(self._refusal or problem(400, f"The request is not well-formed HTTP: {error}."))
            return
        if self._reading_head and not self._fresh:
            self._head_size += len(data)
            if self._head_size > limits.HEAD_SIZE:
                self._refuse(problem(431, f"The headers are larger than {limits.HEAD_SIZE} bytes."))
            elif not self._keep(len(data)):
                self._refuse(_crowded())
        elif not self._reading_head:
            self._framing += len(data) - (self._size - size)
            if self._framing > limits.FRAMING_SIZE + 8 * self._size:
                self._refuse(problem(400, "The request is not well-formed HTTP: too little body in its chunks."))

    def _feed(self, data: bytes) -> None:
        """Parse; read on as HTTP/1.1 behind a head that asks for another protocol (RFC 9110, 7.8 allows it).

        httptools takes what follows such a head for that protocol. A new parser is told how the body is framed, and
        nothing of an upgrade.
        """
        rest: bytes | memoryview = data
        while True:
            try:
                self._parser.feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:  # noqa: PERF203  once a request, where at all
                if self._ignored is None:
                    raise
                rest = memoryview(rest)[upgrade.args[0] :]
                head = framing_of(self._parser, self._ignored[1])
                self._parser = httptools.HttpRequestParser(self)
                self._parser.feed_data(head)
            else:
                return

    def eof_received(self) -> bool:
        """Take a hang-up for what it mostly is, but not at once: a client may also half-close after its request."""
        self._last = self._deaf = True
        if self._active is not None:
            self._server.loop.call_later(limits.HALF_CLOSE_SECONDS, self._leave, self._active)
        return self._active is not None

    def pause_writing(self) -> None:
        """The client does not read; it has a while to begin."""
        self._blocked = True
        self.deadline = time.monotonic() + limits.WRITE_STALL_SECONDS

    def resume_writing(self) -> None:
        """The client reads again."""
        self._blocked = False
        if self._active is not None:
            self.deadline = 0.0
        elif not self._transport.is_closing():
            self.deadline = time.monotonic() + limits.IDLE_SECONDS
        if self._stream is not None:
            self._stream.drained()
        if self._active is None and self._waiting:
            self._next()

    # httptools' side

    def on_message_begin(self) -> None:
        """A new request: forget the last one."""
        self._url = b""
        self._headers = {}
        self._header_count = self._head_size = self._size = self._framing = 0
        self._reading_head, self._fresh = True, False

    def on_url(self, url: bytes) -> None:
        """Collect the target."""
        self._url += url
        if len(self._url) > limits.REQUEST_LINE:
            self._stop(problem(414, f"The request target is longer than {limits.REQUEST_LINE} bytes."))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect one header."""
        self._header_count += 1
        most, largest = self._server.max_headers, self._server.max_header_size
        if self._header_count > most or len(name) + len(value) > largest:
            self._stop(problem(431, f"More than {most} headers, or one larger than {largest} bytes."))
        if not self._reading_head:
            return  # a trailer must not pass for a header
        name = name.lower()
        known = self._headers.get(name)
        if known is None:
            self._headers[name] = value
        else:
            self._headers[name] = known + (b"; " if name == b"cookie" else b", ") + value

    def on_headers_complete(self) -> None:
        """Refuse what the head is reason enough to refuse, before a body arrives."""
        if self._ignored is not None:
            self._url, self._headers = self._ignored
            self._ignored = None
        elif b"upgrade" in self._headers and self._parser.should_upgrade() and self._parser.get_method() != b"CONNECT":
            self._ignored = self._url, self._headers
            return
        self._reading_head = False
        try:
            url = httptools.parse_url(self._url)
        except httptools.HttpParserInvalidURLError:
            self._stop(problem(400, "The request target cannot be understood."))
        request = self._reading = Request(
            self._parser.get_method().decode("latin-1"),
            (url.path or b"/").decode("latin-1"),
            url.query or b"",
            self._headers,
        )
        length = self._headers.get(b"content-length")
        if self._server.admit is not None and (refusal := self._server.admit(request)) is not None:
            if length not in {None, b"0"} or b"transfer-encoding" in self._headers:
                self._stop(refusal)
            request.refusal = refusal
        if length is not None and int(length) > self._server.max_body:
            self._stop(self._too_large())
        if self._headers.get(b"expect", b"").lower() == b"100-continue" and self._active is None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Collect a piece of the body; small ones are joined, for each alone takes 40 bytes more than it holds."""
        if self._size + len(body) > self._server.max_body:
            self._stop(self._too_large())
        self._size += len(body)
        chunks = self._chunks
        if not chunks or len(body) >= limits.PIECE:
            chunks.append(body)
        elif isinstance(last := chunks[-1], bytearray) and len(last) < limits.JOINED:
            last += body
        else:
            chunks.append(bytearray(body))
        if not self._keep(len(body)):
            self._stop(_crowded())

    def on_message_complete(self) -> None:
        """Hand the request over, or queue it behind the one being answered."""
        request = self._reading
        if request is None:
            return  # it asks for an upgrade, and is read once more
        chunks = self._chunks
        request.body = bytes(chunks[0]) if len(chunks) == 1 else b"".join(chunks)
        request.held, self._kept = self._kept, 0
        self._chunks, self._size, self._reading = [], 0, None
        self._reading_head = self._fresh = True
        parser = self._parser
        request.keep_alive = (
            parser.should_keep_alive() and not parser.should_upgrade() and parser.get_http_version() == "1.1"
        )
        request.chunks = parser.get_http_version() == "1.1"
        request.client = self._client
        if self._active is None and not self._blocked and not self._waiting:
            self._dispatch(request)
            return
        self._waiting.append(request)
        cost = limits.REQUEST_COST + sum(len(name) + len(value) + 80 for name, value in self._headers.items())
        request.held += cost
        if not self._server.hold(self, cost):
            self._stop(_crowded())
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    # answering

    def _dispatch(self, request: Request) -> None:
        self._active = request
        self.deadline = 0.0
        request.started = time.perf_counter()
        if request.refusal is not None:
            self._server.refuse(request, request.refusal, self.respond)
        else:
            self._server.handle(request, self.respond)

    def respond(self, response: Response) -> None:
        """Write the answer to the request that is being served; called on the loop's thread."""
        request = self._active
        if request is None or request.gone:
            return
        if self._stream is not None:  # timed out amid its pieces: what has gone cannot be taken back
            self._transport.abort()
            return
        keep = request.keep_alive and not self._server.draining and not (self._last and not self._waiting)
        head = head_of(response, keep=keep, chunks=request.chunks)
        if response.stream is not None:
            self._transport.write(head)
            self._answer, self._stream = response, response.stream
            self._stream.attach(self)
            return
        self._transport.write(head + (b"" if request.method == "HEAD" else response.body))
        self._answered(request, response, keep=keep)

    def write_piece(self, piece: bytes) -> bool:
        """Write a part of a streamed body; False while the client does not read."""
        if self._active is None or self._answer is None or self._transport.is_closing():
            return False
        self._answer.size += len(piece)
        self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._active.chunks else piece)
        return not self._blocked

    def end_stream(self, whole: bool) -> None:
        """Answer the next request, or hang up in the middle when the script has failed."""
        request, response = self._active, self._answer
        self._answer = self._stream = None
        if request is None or response is None:
            return
        if whole and request.chunks:
            self._transport.write(b"0\r\n\r\n")
        self._answered(request, response, keep=whole and request.keep_alive and not self._server.draining)
        if not whole:
            self._transport.abort()

    def _answered(self, request: Request, response: Response, *, keep: bool) -> None:
        self._server.answered(request, response)
        self._release(request)
        self._active = None
        if not keep:
            self._close()
        elif self._waiting:
            # Through the loop, or a thousand pipelined requests would be a thousand stack frames.
            self._server.loop.call_soon(self._next)
        elif not self._blocked:
            self.quiet_since = time.monotonic()
            self.deadline = self.quiet_since + (limits.IDLE_SECONDS if self._fresh else self._server.header_seconds)

    def _next(self) -> None:
        if self._active is not None or self._blocked or not self._waiting or self._transport.is_closing():
            return
        request = self._waiting.popleft()
        if not self._waiting and self._paused:
            self._paused = False
            self._transport.resume_reading()
        self._dispatch(request)

    # ending

    @property
    def idle(self) -> bool:
        """Whether no request is being read or answered."""
        return self._active is None and not self._waiting and self._fresh

    @property
    def arriving(self) -> bool:
        """Whether a part of a request is held, and the rest is to come."""
        return self._kept > 0

    @property
    def answering(self) -> bool:
        """Whether a request has been read whose answer is still due."""
        return self._active is not None or bool(self._waiting)

    def expire(self) -> None:
        """The deadline has passed: say so where the client can still make sense of it, else hang up."""
        if self.answering and not self._blocked:
            self._last = self._deaf = True
            self.deadline = 0.0
        elif self._transport.is_closing() or self._deaf or self._blocked or self.idle:
            self._transport.abort()
        else:
            self._refuse(problem(408, "The request did not arrive in time."))

    def give_way(self) -> None:
        """Give up the body that is arriving, for others."""
        self._refuse(_crowded())

    def let_go(self) -> None:
        """Close this process's copy of the socket, without a word to the client."""
        with contextlib.suppress(OSError, AttributeError):
            os.close(self._transport.get_extra_info("socket").fileno())

    def hang_up(self) -> None:
        """Close now, whatever the client is doing."""
        self._transport.abort()

    def _stop(self, response: Response) -> None:
        self._refusal = response
        raise _RefusedError

    def _too_large(self) -> Response:
        return problem(413, f"The body is larger than {self._server.max_body} bytes ({self._server.max_body_reason}).")

    def _refuse(self, response: Response) -> None:
        """Answer a request that will not be read to its end; the connection cannot be used after it."""
        self._drop_body()
        if self._deaf:
            return
        self._last = self._deaf = True
        if self.answering:
            return  # the answers that are due come first, then the connection closes
        request, self._reading = self._reading, None
        if request is None:
            method = self._parser.get_method().decode("latin-1") if self._url else "-"
            request = Request(method, "-", b"", self._headers)
        request.keep_alive = False
        request.started = time.perf_counter()
        self._active = request
        self._server.refuse(request, response, self.respond)

    def _leave(self, request: Request) -> None:
        request.leave()
        if not request.begun:
            self._release(request)

    def _release(self, request: Request) -> None:
        self._server.held -= request.held
        request.held = 0

    def _keep(self, count: int) -> bool:
        """Have what has arrived of a request held in the server's books; False where they are full."""
        if not self._kept:
            self.kept_since = time.monotonic()
        self._kept += count
        return self._server.hold(self, count)

    def _drop_body(self) -> None:
        self._server.held -= self._kept
        self._chunks, self._size, self._kept = [], 0, 0

    def _close(self) -> None:
        self._last = self._deaf = True
        if self._fresh and not self._blocked:
            self._transport.close()
            self.deadline = time.monotonic() + limits.WRITE_STALL_SECONDS
        else:
            # Unread input would turn close() into a reset that overtakes our answer.
            if self._transport.can_write_eof():
                self._transport.write_eof()
            self.deadline = time.monotonic() + limits.LINGER_SECONDS


def _crowded() -> Response:
    message = "The service is busy: more bodies arrive at once than it has memory for (MODELPACK_MAX_BODY)."
    return problem(503, message, [(b"retry-after", b"1")])
