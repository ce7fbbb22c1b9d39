"""Running work in a child process that may end at any moment.

The child is forked, so it starts in milliseconds with everything imported; it tells of each success by one
line through a pipe, which outlives it.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_modelpack.errors import ModelpackError


@dataclass
class Outcome:
    """How a child ended: 0, 3 after an error of ours, 70 after any other, or minus the signal's number."""

    status: int
    said: list[str]


class Child:
    """`work` in a process of its own; it gets the function to say a line by."""

    def __init__(self, work: Callable[[Callable[[str], None]], object]) -> None:
        self._reader, writer = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._reader)
            os._exit(_run(work, lambda line: os.write(writer, f"{line}\n".encode()) and None))
        os.close(writer)
        os.set_blocking(self._reader, False)
        self._text = b""

    def said(self) -> list[str]:
        """What it has said until now."""
        while True:
            try:
                data = os.read(self._reader, 1 << 16)
            except BlockingIOError:
                break
            if not data:
                break
            self._text += data
        return self._text.decode().splitlines()

    def kill(self) -> Outcome:
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def pause(self) -> None:
        """Stop it, and wait until it stands."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def wait(self, seconds: float = 120) -> Outcome:
        deadline = time.monotonic() + seconds
        while True:
            found, status = os.waitpid(self.pid, os.WNOHANG)
            if found:
                break
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            self.said()  # a full pipe would stop it
            time.sleep(0.002)
        said = self.said()
        os.close(self._reader)
        return Outcome(os.waitstatus_to_exitcode(status), said)


def _run(work: Callable[[Callable[[str], None]], object], say: Callable[[str], None]) -> int:
    try:
        work(say)
    except ModelpackError as error:
        say(f"error {error.code}")
        return 3
    except BaseException:  # noqa: BLE001 - whatever it is, the parent must hear of it, and nothing run twice
        traceback.print_exc()
        say(traceback.format_exc())
        return 70
    return 0
