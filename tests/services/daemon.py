"""A background program that outlives the process that started it."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.services import STATE


class ServiceError(RuntimeError):
    """A service did not start or did not stop; the message carries its log."""


def until(true: Callable[[], bool], seconds: float) -> bool:
    """Ask again and again, for `seconds` at most."""
    deadline = time.monotonic() + seconds
    while not (answer := true()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


class Daemon:
    """One such program; its folder holds its log, its data, what it tells its clients."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = STATE / name
        self.log = self.folder / "log"
        self._state = self.folder / "state.json"

    @property
    def facts(self) -> dict[str, str]:
        """What was said about the running program when it was started."""
        return json.loads(self._state.read_text())["facts"]

    def known(self) -> bool:
        """Tell whether it was ever started, alive or not."""
        return self._state.exists()

    def running(self) -> bool:
        """Tell whether the very process we started still lives: a pid alone may have a new owner."""
        if not self.known():
            return False
        state = json.loads(self._state.read_text())
        return _birth(state["pid"]) == state["birth"]

    def start(self, argv: list[str], facts: dict[str, str], env: dict[str, str] | None = None) -> None:
        """Start the program in a session of its own, then remember it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                cwd="/",
                start_new_session=True,
            )
        process.returncode = 0  # it is meant to outlive this process: no warning that it still runs
        state = {"pid": process.pid, "birth": _birth(process.pid), "facts": facts}
        # Passwords are among the facts.
        self._state.touch(mode=0o600)
        self._state.write_text(json.dumps(state))

    def wait(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until it answers; with its log, give up at the deadline or at its death."""
        if not until(lambda: ready() or not self.running(), seconds) or not self.running():
            tail = self.log.read_text(errors="replace")[-6000:]
            what = "did not answer" if self.running() else "ended"
            raise ServiceError(f"{self.name} {what} within {seconds:.0f} s. Its log:\n{tail}")

    def stop(self, seconds: float = 30) -> None:
        """End the program if it is ours and alive."""
        if self.running():
            pid = json.loads(self._state.read_text())["pid"]
            for number in (signal.SIGTERM, signal.SIGKILL):
                os.kill(pid, number)
                if until(lambda: not self.running(), seconds):
                    break
            else:
                raise ServiceError(f"{self.name} (process {pid}) does not end")
        self._state.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove everything it kept, once it has stopped."""
        if self.folder.exists():
            shutil.rmtree(self.folder)


def _birth(pid: int) -> str | None:
    """Give a process' start time in clock ticks; None for the dead, zombies included."""
    try:
        # The name, in brackets, may hold spaces: count the fields behind it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]
