"""Run calls of an `async def run` on their own event loop, on the main thread.

Not on the loop of the sockets: one blocking line in the script would stop liveness there.
"""

import asyncio
import time

from ..messages import Request, Response
from ..settings import Settings
from .call_queue import Call, Respond
from .invoker import Scorer


class AsyncRunner:
    """Runs as many calls concurrently as the queue setting allows."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.scorer: Scorer
        self.loop: asyncio.AbstractEventLoop
        self.since = 0.0
        self._mine = asyncio.new_event_loop()
        self._calls: dict[int, Call] = {}  # used on the sockets' thread: unanswered calls, oldest first
        self._tasks: set[asyncio.Task[Response | None]] = set()  # used on ours: a loop's references to tasks are weak
        self._asked = 0.0  # when the script's loop was last pinged; 0 when it has answered

    def submit(self, request: Request, respond: Respond) -> bool:
        """Start a call; False when too many run. Called on the sockets' thread, as is `respond` later."""
        if len(self._calls) >= self.settings.queue:
            return False
        self._calls[id(request)] = (request, respond)
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
        """Seconds that a coroutine has blocked the loop beyond a call's limit; one that awaits is cancelled instead."""
        asked = self._asked
        return max(0.0, time.monotonic() - asked - self.settings.call_limit) if asked else 0.0

    def expire(self) -> None:
        """Ping the script's loop while calls run; coroutines that await are timed where they are awaited."""
        if self._calls and not self._asked:
            self._asked = time.monotonic()
            self._mine.call_soon_threadsafe(self._alive)

    def abandon(self) -> list[Call]:
        """Give up every call."""
        return list(self._calls.values())

    def _alive(self) -> None:
        self._asked = 0.0

    def _start(self, call: Call) -> None:
        task = self._mine.create_task(self._perform(call))
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._done(task, call))

    async def _perform(self, call: Call) -> Response | None:
        request, respond = call
        request.call_begun = True
        response = await self.scorer.perform_async(request)
        if response.stream is None:
            return response
        response.stream.begin(self.loop)
        self.loop.call_soon_threadsafe(respond, response)
        await self.scorer.pump_async(response)
        return None

    def _done(self, task: "asyncio.Task[Response | None]", call: Call) -> None:
        self._tasks.discard(task)
        self.loop.call_soon_threadsafe(self._answer, call, task.result())

    def _answer(self, call: Call, response: Response | None) -> None:
        request, respond = call
        del self._calls[id(request)]
        if response is not None:
            respond(response)
