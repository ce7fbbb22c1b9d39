"""Write the response to one request: whole, or in chunks as its stream brings them."""

import asyncio
from typing import Protocol

from ..messages import Request, Response
from .response_head import head_of


class ResponseChannel(Protocol):
    """What a request's response needs of its connection."""

    transport: asyncio.Transport
    write_paused: bool
    """Whether the client does not read what is written."""

    def keeps_alive_after(self, request: Request) -> bool:
        """Whether the connection stays open behind the response to `request`."""
        ...

    def response_complete(self, request: Request, response: Response, *, keep_alive: bool) -> None:
        """Serve the next request, or close."""
        ...


class RequestCycle:
    """One request from its being read to the end of its response; a body stream's outlet."""

    __slots__ = ("_channel", "_streamed", "request", "response_complete", "response_started")

    def __init__(self, request: Request, channel: ResponseChannel) -> None:
        self.request = request
        self.response_started = False
        self.response_complete = False
        self._channel = channel
        self._streamed: Response | None = None

    def respond(self, response: Response) -> None:
        """Write the response, or begin to stream it; called on the loop's thread."""
        request, channel = self.request, self._channel
        if request.disconnected or self.response_complete:
            return
        if self.response_started:  # the call timed out amid its chunks: what has been sent cannot be taken back
            channel.transport.abort()
            return
        self.response_started = True
        keep_alive = channel.keeps_alive_after(request)
        head = head_of(response, keep_alive=keep_alive, accepts_chunks=request.accepts_chunks)
        if response.stream is not None:
            channel.transport.write(head)
            self._streamed = response
            response.stream.attach(self)
            return
        channel.transport.write(head if request.method == "HEAD" else head + response.body)
        self._complete(response, keep_alive=keep_alive)

    def write_chunk(self, chunk: bytes) -> bool:
        """Write a part of a streamed body; False while the client does not read."""
        transport = self._channel.transport
        if self._streamed is None or transport.is_closing():
            return False
        self._streamed.size += len(chunk)
        transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if self.request.accepts_chunks else chunk)
        return not self._channel.write_paused

    def end_stream(self, whole: bool) -> None:
        """End a streamed body; cut the connection where the script has failed in the middle."""
        response, self._streamed = self._streamed, None
        if response is None:
            return
        request, channel = self.request, self._channel
        if whole and request.accepts_chunks:
            channel.transport.write(b"0\r\n\r\n")
        self._complete(response, keep_alive=whole and channel.keeps_alive_after(request))
        if not whole:
            channel.transport.abort()

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._streamed is not None and self._streamed.stream is not None:
            self._streamed.stream.resume_writing()

    def disconnect(self) -> None:
        """The connection is lost."""
        self.request.disconnect()
        if self._streamed is not None and self._streamed.stream is not None:
            self._streamed.stream.disconnect()

    def _complete(self, response: Response, *, keep_alive: bool) -> None:
        self.response_complete = True
        self._channel.response_complete(self.request, response, keep_alive=keep_alive)
