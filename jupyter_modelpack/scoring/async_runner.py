"""Calls of an `async def run` on an event loop of their own, on the main thread.

Not on the loop of the sockets: one blocking line in the script would stop liveness there.
"""

import asyncio

from .messages import Request, Response
from .scorer import Scorer
from .settings import Settings
from .waiting import Call, Respond


class AsyncRunner:
    """As many calls at once as the queue setting allows."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.scorer: Scorer
        self.loop: asyncio.AbstractEventLoop
        self.since = 0.0
        self._mine = asyncio.new_event_loop()
        self._calls: dict[asyncio.Task[Response | None], Call] = {}
        self._pending = 0

    def submit(self, request: Request, respond: Respond) -> bool:
        """Start a call; False when too many run. Called on the sockets' thread, as is `respond` later."""
        if self._pending >= self.settings.queue:
            return False
        self._pending += 1
        self._mine.call_soon_threadsafe(self._start, (request, respond))
        return True

    def stop(self) -> None:
        """Let `run` return."""
        self._mine.call_soon_threadsafe(self._mine.stop)

    def run(self) -> None:
        """Perform calls until `stop`; called on the main thread."""
        asyncio.set_event_loop(self._mine)
        self._mine.run_forever()

    @property
    def stuck_for(self) -> float:
        """A coroutine is cancelled where it waits; one that never waits is not timed."""
        return 0.0

    def expire(self) -> None:
        """Nothing to do: the coroutine is timed where it is awaited."""

    def abandon(self) -> list[Call]:
        """Give up every call."""
        return list(self._calls.values())

    def _start(self, call: Call) -> None:
        task = self._mine.create_task(self._perform(call))
        self._calls[task] = call
        task.add_done_callback(self._done)

    async def _perform(self, call: Call) -> Response | None:
        request, respond = call
        response = await self.scorer.perform_async(request)
        if response.stream is None:
            return response
        response.stream.begin(self.loop)
        self.loop.call_soon_threadsafe(respond, response)
        await self.scorer.pump_async(response)
        return None

    def _done(self, task: "asyncio.Task[Response | None]") -> None:
        _, respond = self._calls.pop(task)
        self.loop.call_soon_threadsafe(self._answer, respond, task.result())

    def _answer(self, respond: Respond, response: Response | None) -> None:
        self._pending -= 1
        if response is not None:
            respond(response)
