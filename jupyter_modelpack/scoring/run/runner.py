"""One call at a time on the main thread: where scripts written for Azure ML expect to run.

The sockets live on another thread, so liveness answers while the script computes. On the main thread a
call can be interrupted by a signal, even inside time.sleep() or a read, and libraries that insist on the
main thread work.
"""

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..messages import Response, problem
from ..settings import Settings
from .call_queue import Call, Respond, Waiting
from .invoker import CallTimeoutError

_TOGETHER_SECONDS = 0.001
"""How long the first of several answers may wait for the others."""


class Runner(Waiting):
    """A bounded queue in front of the main thread."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._current: list[Call] = []
        self._armed = False

    def stop(self) -> None:
        """Let `run` return after what is queued."""
        self._queue.put(None)

    def run(self) -> None:
        """Perform calls until `stop`; must be called on the main thread."""
        signal.signal(signal.SIGALRM, self._ring)
        answers: list[tuple[Respond, Response]] = []
        since = 0.0
        while (call := self._queue.get()) is not None:
            request, respond = call
            request.call_begun = True
            self._current = [call]
            if not answers:
                since = time.monotonic()
            if request.disconnected or request.half_closed:
                response = problem(499, "The client has closed the connection.")
            else:
                response = self.scorer.perform(request, self._limited)
            answers.append((respond, response))
            # Waking the other thread costs a system call and a fight for the interpreter lock: quick calls that
            # are waiting anyway are answered together, which saves a fifth of the time.
            if response.stream is not None or self._queue.empty() or time.monotonic() - since > _TOGETHER_SECONDS:
                if response.stream is not None:
                    response.stream.begin(self.loop)
                self.loop.call_soon_threadsafe(answer, answers)
                answers = []
            if response.stream is not None:
                self.scorer.pump(response, self._limited)

    @property
    def stuck_for(self) -> float:
        """Seconds a call has overrun its time: it sits in native code that no signal interrupts."""
        since = self.since
        return max(0.0, time.monotonic() - since - self.settings.call_limit) if since else 0.0

    def abandon(self) -> list[Call]:
        """Give up the current call and the queued ones; the current one comes first."""
        return self._abandoned(self._current)

    def _limited(self, call: Callable[[], Any]) -> Any:
        """Run `call`; raise CallTimeoutError inside it when it takes too long."""
        self.since = time.monotonic()
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, self.settings.call_limit)
        try:
            return call()
        finally:
            self._armed = False
            self.since = 0.0
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  signal's signature
        if self._armed:
            self._armed = False
            raise CallTimeoutError


def answer(answers: list[tuple[Respond, Response]]) -> None:
    """Send several answers; called on the loop's thread."""
    for respond, response in answers:
        respond(response)


def block_alarms() -> None:
    """Block SIGALRM on this thread, so that the kernel interrupts the main thread's system call with it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
