"""The stream of events, as a WebSocket: of other requests browsers allow a host six at a time, for all tabs."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jupyter_modelpack.frontends.lab.handler import Handler
from jupyter_modelpack.frontends.lab.hub import Listener, event
from jupyter_modelpack.frontends.lab.service import Following
from jupyter_modelpack.frontends.lab.target import Target, named

PULSE_SECONDS = 15.0
"""How long the stream may be silent: a page takes a silent one for dead, and proxies cut it after a minute."""

PULSE = event("pulse", None)

LAGGED = 1013
"""Why a stream was closed, in the protocol's words: try again later; what was missed is told then."""


class EventStream(WebSocketMixin, WebSocketHandler, Handler):
    """Everything that happens, behind the event ``last``; with ``service``, also how that one fares and what it writes.

    A page that is gone without a word does not answer Jupyter's pings, and is let go.
    """

    _track_activity = False  # a page that is only open keeps no server from being culled

    async def prepare(self) -> None:  # type: ignore[override] # as Jupyter's own does
        """Refuse whom every route refuses."""
        await Handler.prepare(self)

    def check_origin(self, _origin: str | None = None) -> bool:
        """Say whether a page of this server asks, as every route does."""
        return not self.foreign()

    @web.authenticated  # 403 for a socket, too; Jupyter's own for sockets came with its server 2.13
    @authorized
    async def get(self) -> None:  # type: ignore[override] # what the decorator makes of it
        """Open the stream, where it is known what is asked for."""
        self._asked = {name: self.get_query_argument(name, "") for name in ("workspace", "engine", "service", "last")}
        if await self.did(self._look):
            await super().get()

    def _look(self) -> None:
        self.desk.open()
        self._target = named(self._asked, self.desk.root)

    def open(self) -> None:
        """Begin to tell; that goes on beside this, for pongs are heard when this has come back."""
        super().open()
        self._listener = Listener(asyncio.get_running_loop())
        self._telling = asyncio.create_task(self._tell(self._listener, self._target))

    def on_message(self, _message: str | bytes) -> None:
        """Hear nothing: a page that wants something else opens another stream."""

    def on_close(self) -> None:
        """Wake up: nobody listens."""
        if listener := getattr(self, "_listener", None):
            listener.put(None)

    async def _tell(self, listener: Listener, target: Target) -> None:
        with ExitStack() as undo:
            undo.callback(lambda: self.close(LAGGED if listener.lost else None))
            undo.callback(self.desk.hub.leave, listener)
            self.desk.hub.join(listener, self._asked["last"], self.desk.jobs.whole)
            undo.callback(self.desk.watcher.watch, target, -1)  # before, for it counts first, and may fail then
            self.desk.watcher.watch(target, 1)
            asyncio.get_running_loop().run_in_executor(None, self.desk.tables.warm, target)  # not waited for
            if name := self._asked["service"]:
                following = Following(name, target, lambda kind, data: listener.put(event(kind, data)))
                undo.callback(following.close)
            with suppress(WebSocketClosedError):  # the page has gone
                await self._hand_on(listener)

    async def _hand_on(self, listener: Listener) -> None:
        while not listener.lost:
            try:
                message: Any = await listener.get(PULSE_SECONDS)
            except TimeoutError:
                message = PULSE
            if message is None:
                return
            await self.write_message(message.text)  # which waits until the page has read what was sent before
