"""One client connection: its pipeline of requests, its deadlines, its end."""

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

import httptools

from .. import limits
from ..messages import Request, Response, problem
from .request_cycle import RequestCycle
from .request_parser import RefusedError, RequestParser, RequestRules, busy


class ConnectionServer(RequestRules, Protocol):
    """What a connection needs of the server that has accepted it."""

    connections: set["Connection"]
    draining: bool
    """Whether the server is about to end: no connection outlives its response."""
    handle: Callable[[Request, Callable[[Response], None]], None]
    header_seconds: float
    held: int
    """Bytes of all requests that are arriving or wait for their response."""
    loop: asyncio.AbstractEventLoop

    def hold(self, connection: "Connection", count: int) -> bool:
        """Add to `held`; False where that is too much and `connection` has to refuse its request."""
        ...

    def refuse(self, request: Request, response: Response, respond: Callable[[Response], None]) -> None:
        """Answer a request that no handler gets."""
        ...

    def answered(self, request: Request, response: Response) -> None:
        """Count and log a response that is complete."""
        ...


class Connection(asyncio.Protocol):
    """The protocol object that asyncio makes for every accepted socket."""

    transport: asyncio.Transport

    def __init__(self, server: ConnectionServer) -> None:
        self._server = server
        self._parser = RequestParser(self, server)
        self._client = ""
        self._cycle: RequestCycle | None = None
        """The request that is being answered."""
        self._pipeline: deque[Request] = deque()
        """Requests that have been read, and wait for those before them."""
        self._read_closed = False
        """Whether what still arrives is dropped: no further request is read."""
        self._read_paused = False
        self.write_paused = False
        self._held = 0
        """Bytes that the server counts for the request that is arriving, head and body."""
        self.held_since = 0.0
        self.deadline = 0.0
        self.idle_since = 0.0

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock: a client may also be silent from the beginning."""
        self.transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._client = peer[0] if isinstance(peer, tuple) else ""
        self.idle_since = time.monotonic()
        self.deadline = self.idle_since + self._server.header_seconds
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """Give up the responses that are due."""
        self._server.connections.discard(self)
        self._drop_body()
        if self._cycle is not None:
            self._cycle.disconnect()
            self._release(self._cycle.request)
        for request in self._pipeline:
            request.disconnect()
            self._release(request)
        self._pipeline.clear()

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        if self._read_closed:
            return
        parser = self._parser
        if parser.between_requests:
            parser.between_requests = False
            self.deadline = time.monotonic() + self._server.header_seconds
        elif not parser.in_head:
            self.deadline = time.monotonic() + limits.BODY_STALL_SECONDS
        try:
            parser.feed(data)
        except httptools.HttpParserUpgrade:
            self._read_closed = True
        except RefusedError as error:
            self._refuse(error.response)

    def eof_received(self) -> bool:
        """Give up a waiting call soon, but not at once: a client may half-close and still read its response."""
        self._read_closed = True
        if self._cycle is not None:
            self._server.loop.call_later(limits.HALF_CLOSE_SECONDS, self._half_close, self._cycle.request)
        return self._cycle is not None

    def pause_writing(self) -> None:
        """Return the client, which does not read, a while to begin."""
        self.write_paused = True
        self.deadline = time.monotonic() + limits.WRITE_STALL_SECONDS

    def resume_writing(self) -> None:
        """Go on: the client reads again."""
        self.write_paused = False
        if self._cycle is not None:
            self.deadline = 0.0
            self._cycle.resume_writing()
            return
        if not self.transport.is_closing():
            self.deadline = time.monotonic() + limits.IDLE_SECONDS
        if self._pipeline:
            self._next()

    # the parser calls these

    def hold(self, count: int) -> bool:
        """Count bytes of the request that is arriving; False where the server holds too many."""
        if not self._held:
            self.held_since = time.monotonic()
        self._held += count
        return self._server.hold(self, count)

    def send_continue(self) -> None:
        """Ask for the body, unless a response is due before."""
        if self._cycle is None:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def request_complete(self, request: Request) -> None:
        """Serve the request, or queue it behind the one being served."""
        request.client = self._client
        request.held, self._held = self._held, 0
        if self._cycle is None and not self.write_paused and not self._pipeline:
            self._start(request)
            return
        self._pipeline.append(request)
        cost = limits.REQUEST_COST + sum(len(name) + len(value) + 80 for name, value in request.headers.items())
        request.held += cost
        if not self._server.hold(self, cost):
            self._parser.refuse(busy())
        if not self._read_paused:
            self._read_paused = True
            self.transport.pause_reading()

    # one request after the other

    def _start(self, request: Request) -> None:
        cycle = self._cycle = RequestCycle(request, self)
        self.deadline = 0.0
        request.started = time.perf_counter()
        if request.refusal is not None:
            self._server.refuse(request, request.refusal, cycle.respond)
        else:
            self._server.handle(request, cycle.respond)

    def keeps_alive_after(self, request: Request) -> bool:
        """Whether the connection stays open behind the response to `request`."""
        return request.keep_alive and not self._server.draining and not (self._read_closed and not self._pipeline)

    def response_complete(self, request: Request, response: Response, *, keep_alive: bool) -> None:
        """Serve the next request, wait for one, or close."""
        self._server.answered(request, response)
        self._release(request)
        self._cycle = None
        if not keep_alive:
            self._close()
        elif self._pipeline:
            # Through the loop, or a thousand pipelined requests would be a thousand stack frames.
            self._server.loop.call_soon(self._next)
        elif not self.write_paused:
            self.idle_since = time.monotonic()
            seconds = limits.IDLE_SECONDS if self._parser.between_requests else self._server.header_seconds
            self.deadline = self.idle_since + seconds

    def _next(self) -> None:
        if self._cycle is not None or self.write_paused or not self._pipeline or self.transport.is_closing():
            return
        request = self._pipeline.popleft()
        if not self._pipeline and self._read_paused:
            self._read_paused = False
            self.transport.resume_reading()
        self._start(request)

    # the server asks and calls these

    @property
    def idle(self) -> bool:
        """Whether no request is being read or answered."""
        return self._cycle is None and not self._pipeline and self._parser.between_requests

    @property
    def receiving(self) -> bool:
        """Whether a part of a request is held, and the rest is to come."""
        return self._held > 0

    @property
    def responding(self) -> bool:
        """Whether a request has been read whose response is still due."""
        return self._cycle is not None or bool(self._pipeline)

    def expire(self) -> None:
        """Answer 408 when the deadline has passed, where the client can still make sense of it; else disconnect."""
        if self.responding and not self.write_paused:
            self._read_closed = True
            self.deadline = 0.0
        elif self.transport.is_closing() or self._read_closed or self.write_paused or self.idle:
            self.transport.abort()
        else:
            self._refuse(problem(408, "The request did not arrive in time."))

    def shed(self) -> None:
        """Refuse the request that is arriving, to free its memory for others."""
        self._refuse(busy())

    def close_inherited(self) -> None:
        """Close a forked child's copy of the socket, which leaves the connection open for its client."""
        with contextlib.suppress(OSError, AttributeError):
            os.close(self.transport.get_extra_info("socket").fileno())

    def abort(self) -> None:
        """Close now, whatever the client is doing."""
        self.transport.abort()

    # ending

    def _refuse(self, response: Response) -> None:
        """Answer a request that will not be read to its end; the connection cannot be used after it."""
        self._drop_body()
        if self._read_closed:
            return
        self._read_closed = True
        if self.responding:
            return  # the responses that are due come first, then the connection closes
        request = self._parser.take_unfinished()
        request.started = time.perf_counter()
        cycle = self._cycle = RequestCycle(request, self)
        self._server.refuse(request, response, cycle.respond)

    def _half_close(self, request: Request) -> None:
        request.half_close()
        if not request.call_begun:
            self._release(request)

    def _release(self, request: Request) -> None:
        self._server.held -= request.held
        request.held = 0

    def _drop_body(self) -> None:
        self._server.held -= self._held
        self._held = 0
        self._parser.drop_body()

    def _close(self) -> None:
        self._read_closed = True
        if self._parser.between_requests and not self.write_paused:
            self.transport.close()
            self.deadline = time.monotonic() + limits.WRITE_STALL_SECONDS
        else:
            # Unread input would turn close() into a reset that overtakes our response.
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self.deadline = time.monotonic() + limits.LINGER_SECONDS
