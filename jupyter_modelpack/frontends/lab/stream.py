"""The stream of events, as server-sent events."""

from __future__ import annotations

import asyncio
import json

from jupyter_server.auth.decorator import authorized
from tornado import iostream, web

from jupyter_modelpack.frontends.lab.handler import Handler
from jupyter_modelpack.frontends.lab.hub import Event, Listener
from jupyter_modelpack.frontends.lab.service import Following
from jupyter_modelpack.frontends.lab.where import named

PULSE_SECONDS = 15.0
"""How long the stream may be silent: proxies cut what says nothing for a minute."""


class Stream(Handler):
    """Everything that happens; with ``?service=``, also how that one fares and what it writes."""

    _track_activity = False  # a page that is only open keeps no server from being culled

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Tell what happens until the page goes."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.desk.open)
        asked = {name: self.get_query_argument(name, "") for name in ("workspace", "engine", "service")}
        where = await loop.run_in_executor(None, named, asked, self.desk.root)
        self._listener = listener = Listener(loop)
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Accel-Buffering", "no")
        self.desk.hub.join(listener, self.request.headers.get("Last-Event-ID", ""), self.desk.jobs.whole)
        self.desk.watcher.watch(where, 1)
        loop.run_in_executor(None, self.desk.tables.warm, where)  # not waited for
        following = None
        if name := asked["service"]:
            following = Following(name, where, lambda kind, data: listener.put(Event("", kind, data)))
        try:
            await self._tell(listener)
        except iostream.StreamClosedError:
            pass  # the page has gone
        finally:
            self.desk.hub.leave(listener)
            self.desk.watcher.watch(where, -1)
            if following:
                following.close()

    async def _tell(self, listener: Listener) -> None:
        await self._write(": hello\n\n")
        while not listener.lost:
            try:
                event = await listener.get(PULSE_SECONDS)
            except TimeoutError:
                await self._write(": still here\n\n")
                continue
            if event is None:
                return
            number = f"id: {event.id}\n" if event.id else ""
            await self._write(f"{number}event: {event.kind}\ndata: {json.dumps(event.data)}\n\n")

    async def _write(self, text: str) -> None:
        self.write(text)
        await self.flush()

    def on_connection_close(self) -> None:
        """Wake up: nobody listens."""
        if listener := getattr(self, "_listener", None):
            listener.put(None)
        super().on_connection_close()
