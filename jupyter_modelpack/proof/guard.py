"""End a service when the process that has started it is gone, whatever ended that one.

A process of its own, which waits for the end of its stdin: the other end is the starter's, and the system closes it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress

from jupyter_modelpack.engine.base import Engine
from jupyter_modelpack.errors import ModelpackError, NotFound

_SECONDS = 10.0
"""How long a service that was asked for may take to be there: the engine may still be making it."""

_LOOK_SECONDS = 0.5


class Guard:
    """The process that watches over one service, as long as it is not told to go.

    Args:
        engine: Whose service it is.
        name: The service's name.
    """

    def __init__(self, engine: str, name: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, engine, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us
        )

    def dismiss(self) -> None:
        """Let the process go: the service has ended."""
        self._process.kill()
        self._process.communicate()

    def take_over(self) -> None:
        """Let it end the service now, as if this process were gone."""
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        self._process.stdin.close()


def end(engine: Engine, name: str) -> bool:
    """End and forget the service of that name; return whether there was one."""
    try:
        service = engine.find(name)
    except NotFound:
        return False
    engine.remove(engine.kill(service))
    return True


def main(engine: str, name: str) -> None:
    """Wait for the starter's end, then end the service."""
    sys.stdin.buffer.read()
    from jupyter_modelpack.engine.select import choose  # noqa: PLC0415 - seldom needed

    chosen, until = choose(engine), time.monotonic() + _SECONDS
    while time.monotonic() < until:
        with suppress(ModelpackError):
            if end(chosen, name):
                return
        time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
