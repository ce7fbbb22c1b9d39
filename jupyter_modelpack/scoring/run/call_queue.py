"""The bounded queue of calls between the sockets' thread and those that run the script."""

import asyncio
import queue
from collections.abc import Callable

from ..messages import Request, Response
from ..settings import Settings
from .invoker import Scorer

Respond = Callable[[Response], None]
Call = tuple[Request, Respond]


class Waiting:
    """Base of the runners of plain functions."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.scorer: Scorer
        self.loop: asyncio.AbstractEventLoop
        self.since = 0.0
        self._queue: queue.SimpleQueue[Call | None] | queue.Queue[Call | None] = queue.SimpleQueue()

    def submit(self, request: Request, respond: Respond) -> bool:
        """Queue a call; False when the queue is full. Called on the loop's thread, as is `respond` later."""
        if self._queue.qsize() >= self.settings.queue:
            return False
        self._queue.put((request, respond))
        return True

    def expire(self) -> None:
        """Answer calls that cannot be interrupted; does nothing where an alarm interrupts the call itself."""

    def _abandoned(self, running: list[Call]) -> list[Call]:
        """Give up every call: those that run first, then those that wait."""
        calls = list(running)
        while True:
            try:
                call = self._queue.get_nowait()
            except queue.Empty:
                return calls
            if call is not None:
                calls.append(call)
