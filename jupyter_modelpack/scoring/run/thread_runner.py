"""Run several calls at a time on threads, for scripts that declare themselves safe for it (MODELPACK_THREADS).

It pays for scripts that wait or compute without the GIL; others get slower.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from ..messages import Request, Response, problem
from ..settings import Settings
from .call_queue import Call, Respond, Waiting


class ThreadRunner(Waiting):
    """A bounded queue in front of a fixed number of threads."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._running: dict[int, tuple[float, Call]] = {}

    def stop(self) -> None:
        """Let every thread end after what is queued."""
        for _ in range(self.settings.threads):
            self._queue.put(None)

    def run(self) -> None:
        """Perform calls until `stop`; the main thread only waits."""
        threads = [
            threading.Thread(target=self._work, name=f"run-{number}", daemon=True)
            for number in range(self.settings.threads)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @property
    def stuck_for(self) -> float:
        """Seconds by which all threads overran the limit; while one is free, `expire` answers the others' calls."""
        running = list(self._running.values())
        if len(running) < self.settings.threads:
            return 0.0
        return max(0.0, time.monotonic() - max(since for since, _ in running) - self.settings.call_limit)

    def expire(self) -> None:
        """Answer calls whose time is up, on the loop's thread; what they return later is dropped."""
        now = time.monotonic()
        for since, (request, respond) in list(self._running.values()):
            if now - since > self.settings.call_limit and not request.abandoned:
                respond(self.scorer.timed_out())
                request.call_expired = True

    def abandon(self) -> list[Call]:
        """Give up every call, running or queued."""
        return self._abandoned([call for _, call in self._running.values() if not call[0].abandoned])

    def _work(self) -> None:
        me = threading.get_ident()
        while (call := self._queue.get()) is not None:
            request, respond = call
            request.call_begun = True
            if request.disconnected or request.half_closed:
                response = problem(499, "The client has closed the connection.")
            else:
                self._running[me] = (time.monotonic(), call)
                response = self.scorer.perform(request, lambda run: run())
                if response.stream is not None:
                    self._pump(call, response)
                    continue
                del self._running[me]
            self.loop.call_soon_threadsafe(self._answer, request, respond, response)

    def _pump(self, call: Call, response: Response) -> None:
        me, stream = threading.get_ident(), response.stream
        assert stream is not None  # noqa: S101  for the type checker
        stream.begin(self.loop)
        self.loop.call_soon_threadsafe(self._answer, *call, response)

        def broken(failed: Response) -> None:  # the head is sent already, so no other response can be
            response.headers += failed.headers
            stream.abort()

        def timed(step: Callable[[], Any]) -> Any:
            self._running[me] = (time.monotonic(), (call[0], broken))
            try:
                return step()
            finally:
                del self._running[me]  # from here on it waits for the client, not the script

        del self._running[me]
        self.scorer.pump(response, timed)

    @staticmethod
    def _answer(request: Request, respond: Respond, response: Response) -> None:
        if not request.abandoned:
            respond(response)
