"""Several requests in one call, for scripts that define `run_batch(list)`.

A model that computes on arrays takes 32 rows in little more time than one. What run_batch gets is a list of
what run() would get; it gives back a list of as many results.
"""

import queue
import signal
import time
from collections.abc import Callable

from ..messages import Response, problem
from ..settings import Settings
from .call_queue import Call
from .runner import Runner, answer


class BatchRunner(Runner):
    """Gathers queued calls into batches, on the main thread."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        # SimpleQueue.get(timeout) waits for ever when its time is up before the waiting has begun (CPython to 3.14).
        self._queue = queue.Queue()
        self._busy = False
        self._ended = False
        self.on_batch: Callable[[int], None] = lambda _: None

    def run(self) -> None:
        """Perform batches until `stop`."""
        signal.signal(signal.SIGALRM, self._ring)
        while calls := self._gather():
            self._current = calls
            self.loop.call_soon_threadsafe(
                answer, [*zip([respond for _, respond in calls], self._responses(calls), strict=True)]
            )

    def _gather(self) -> list[Call]:
        """Return the next batch of calls; wait to fill it only while there are several clients.

        A lone client would pay the delay with every request and gain nothing.
        """
        first = None if self._ended else self._queue.get()
        if first is None:
            return []
        calls = [first]
        end = time.monotonic() + (self.settings.batch_delay if self._busy else 0.0)
        while len(calls) < self.settings.batch_size:
            try:
                call = self._queue.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                break
            if call is None:
                self._ended = True
                break
            calls.append(call)
        self._busy = len(calls) > 1
        return calls

    def _responses(self, calls: list[Call]) -> list[Response]:
        for request, _ in calls:
            request.call_begun = True
        live = [request for request, _ in calls if not (request.disconnected or request.half_closed)]
        if live:
            self.on_batch(len(live))
        found = dict(zip(map(id, live), self.scorer.perform_batch(live, self._limited), strict=True))
        return [found.get(id(request)) or problem(499, "The client has closed the connection.") for request, _ in calls]
