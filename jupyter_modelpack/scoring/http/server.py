"""Accept connections, enforce their deadlines, drain them; runs in a worker's event loop."""

import asyncio
import contextlib
import errno
import os
import resource
import socket
import sys
import time
from collections.abc import Callable

from .. import limits, memory
from ..messages import Request, Response
from ..observe import log
from ..observe.metrics import Counters
from ..settings import Settings
from . import request_id
from .connection import Connection
from .tls import certificate

Respond = Callable[[Response], None]
Handler = Callable[[Request, Respond], None]

_TICK = 0.25
_LEAK_SECONDS = 2.0
"""Seconds without free file descriptors after which that counts as a leak of the script."""
_OVER_SECONDS = 30.0

_QUIET = frozenset(
    {"/", "/ready", "/metrics", "/v2/health/live", "/v2/health/ready"}
)  # probes come every few seconds and would bury the calls (azure-differences.md 7.7), whatever they are answered
_PROBING = frozenset({"GET", "HEAD"})


class Server:
    """Connections of one process on the shared listening socket."""

    def __init__(self, listener: socket.socket, handle: Handler, settings: Settings) -> None:
        self.handle = handle
        self.admit: Callable[[Request], Response | None] | None = None
        """Checks the head of each request before its body is read; None where heads are not checked."""
        self.held = 0  # bytes of all requests that are arriving or wait for their response
        allowed = memory.for_bodies(settings.workers)
        self.max_held = min(max(limits.BODIES * settings.max_body, limits.BOOKS), allowed or sys.maxsize)
        self.max_body = min(settings.max_body, self.max_held)
        fits = self.max_body == settings.max_body
        self.max_body_reason = "MODELPACK_MAX_BODY" if fits else "half of the memory that this container may use"
        self.max_headers = settings.max_headers
        self.max_header_size = settings.max_header_size
        self.header_seconds = settings.header_seconds
        self._certificate = certificate(settings)
        self.connections: set[Connection] = set()
        self.draining = False
        self.loop: asyncio.AbstractEventLoop
        self._listener = listener
        self._access_log = settings.access_log
        self._stopped: asyncio.Event
        self._calls: list[str] = []
        self._refused_since = self._refused_at = 0.0
        self._leaks = False
        self._accepting: set[asyncio.Task[object]] = set()
        self.counters: Counters | None = None
        self.on_tick: Callable[[], None] = lambda: None
        self.on_closed: Callable[[], None] = lambda: None

    async def serve(
        self, stop_fd: int, *, started: Callable[[], None], drain_seconds: float, brief: bool = False
    ) -> None:
        """Serve until `stop_fd` reads end of file: the supervisor has closed its end, or has died.

        With `brief`, or when a byte precedes the end of file, a successor accepts already and gets new connections.
        """
        self.loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        self.loop.add_reader(stop_fd, self._stopped.set)
        self.loop.add_reader(self._listener, self._accept)
        sweeper = self.loop.create_task(self._sweep())
        started()
        await self._stopped.wait()
        self.loop.remove_reader(stop_fd)
        await self._drain(drain_seconds, brief=brief or self._leaks or bool(os.read(stop_fd, 1)))
        sweeper.cancel()

    def hold(self, connection: Connection, count: int) -> bool:
        """Count bytes of a request that have arrived; False where they are too many and this one is to be refused.

        Above the limit the request that began first is shed: honest requests arrive quickly, trickling ones do not.
        """
        self.held += count
        while self.held > self.max_held:
            receiving = [one for one in self.connections if one.receiving]
            oldest = min(receiving, key=lambda one: one.held_since, default=connection)
            if oldest is connection:
                return False
            oldest.shed()
        return True

    def close_inherited(self) -> None:
        """Close the connections that a forked child has inherited, or they would stay open for their clients."""
        for connection in list(self.connections):
            connection.close_inherited()
        with contextlib.suppress(OSError):
            os.close(self._listener.fileno())

    def refuse(self, request: Request, response: Response, respond: Respond) -> None:
        """Answer a request that is not handed to the application."""
        response.headers += request_id.identify(request.headers)
        respond(response)

    def answered(self, request: Request, response: Response) -> None:
        """Log a call as `POST /score 200 0.231ms 4` (azure-differences.md 7.7)."""
        seconds = time.perf_counter() - request.started
        if self.counters is not None:
            self.counters.answered(request, response, seconds)
        if self._access_log and not (request.path in _QUIET and request.method in _PROBING):
            if not self._calls:
                self.loop.call_soon(self._write_calls)
            self._calls.append(log.call(request, response, seconds))

    def _write_calls(self) -> None:
        # One write for all calls of this iteration of the loop, since every write releases the GIL.
        log.write("".join(self._calls))
        self._calls.clear()

    def _accept(self) -> None:
        # One connection at a time, so that the other workers get their share.
        try:
            accepted, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}:
                raise
            self._cannot_accept(error)
            return
        accepted.setblocking(False)
        task = self.loop.create_task(self._adopt(accepted))
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)

    def _cannot_accept(self, error: OSError) -> None:
        """Wait for free file descriptors; end this worker if the script holds them for long."""
        log.warning(f"Cannot accept connections for the moment: {error}")
        self.loop.remove_reader(self._listener)
        now = time.monotonic()
        # A single accepted connection in between does not end the shortage.
        if now - self._refused_at > _OVER_SECONDS:
            self._refused_since = now
        self._refused_at = now
        if error.errno == errno.EMFILE and now - self._refused_since >= _LEAK_SECONDS and self._script_leaks():
            self._leaks = True
            self._stopped.set()
        else:
            self.loop.call_later(0.5, self._accept_again)

    def _script_leaks(self) -> bool:
        """Return whether most of the open files are not connections."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        held = most - len(self.connections)
        if held < most / 2:
            return False
        log.error(
            f"The script holds {held} of the {most} files that this process may have open, and no connection can be "
            "accepted any more. Does it close what it opens? This worker is replaced."
        )
        return True

    def _accept_again(self) -> None:
        if self._listener.fileno() >= 0:
            self.loop.add_reader(self._listener, self._accept)

    async def _adopt(self, accepted: socket.socket) -> None:
        try:
            await self.loop.connect_accepted_socket(
                lambda: Connection(self),
                accepted,
                ssl=self._certificate.context if self._certificate else None,
                ssl_handshake_timeout=self.header_seconds if self._certificate else None,
            )
        except OSError:
            accepted.close()

    async def _sweep(self) -> None:
        # One timer for all connections: 10,000 of them cost a millisecond per tick.
        while True:
            await asyncio.sleep(_TICK)
            now = time.monotonic()
            for connection in [c for c in self.connections if 0.0 < c.deadline < now]:
                connection.expire()
            if self._certificate is not None:
                self._certificate.refresh()
            self.on_tick()

    async def _drain(self, seconds: float, *, brief: bool) -> None:
        """Answer requests that were sent, accept no new ones, end within `seconds`."""
        end = time.monotonic() + seconds
        self.draining = True
        if not brief:
            await asyncio.sleep(min(limits.DRAIN_GRACE_SECONDS, seconds))
        self.loop.remove_reader(self._listener)
        with contextlib.suppress(OSError):
            while not brief:  # connections in the kernel's queue were accepted for their clients
                accepted, _ = self._listener.accept()
                accepted.setblocking(False)
                await self._adopt(accepted)
        self._listener.close()
        self.on_closed()
        if self._accepting:
            await asyncio.wait(self._accepting)
        patience = time.monotonic() + limits.DRAIN_GRACE_SECONDS * 3
        while self.connections and (now := time.monotonic()) < end:
            for connection in list(self.connections):
                idle = connection.idle and now - connection.idle_since > limits.DRAIN_GRACE_SECONDS
                # An upload that stalls would delay the drain to its end.
                if idle or (now > patience and not connection.responding):
                    connection.abort()
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.abort()
