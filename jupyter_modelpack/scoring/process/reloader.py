"""Reload the entry script: SIGHUP starts a second generation, which replaces the first when it can score.

With MODELPACK_RELOAD=true one process more stands above the supervisor. It has imported what the script imports
and never runs the script itself, so every generation forked from it starts quickly and with clean modules. The
generation before goes on serving until the new one is ready; when that one does not start, it simply stays.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from ..observe import exit_reason, generations, log
from ..observe.generations import Counts
from ..script.startup import EXIT_CODE
from ..settings import ConfigurationError, Settings
from . import forking, preload
from .supervisor import Role, Supervisor

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP)
_PARENT_DEATH_SIGNAL = 1
_AGAIN_SECONDS = 0.5
_POINTER = "serves"
"""A file in MODELPACK_RELOAD_DIR with the name of the folder in it that counts: all of a script changes at once."""


class Reloader:
    """Keeps one generation of workers serving, and two while one replaces the other."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._serving = 0
        self._coming = 0
        self._up = -1  # reads what the coming generation says when it is up
        self._held = -1  # reads end of file when the serving generation accepts no more
        self._leaving = -1  # the same of the generation before
        self._asked = 0.0
        self._wanted = False
        self._lost = False  # the serving generation has ended by itself, or what came at the start has not started
        self._brings = self._serves = ("", "")  # the folder and the name of the script that comes, and that serves
        self._stopping = False
        self._exit_code: int | None = None
        self._counts, self._shared = Counts(), generations.share()
        self._wake_read, self._wake_write = os.pipe()

    def run(self) -> Role | int:
        """Return the exit code, or in a child process its role."""
        os.set_blocking(self._wake_write, False)
        os.set_blocking(self._wake_read, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._on_signal)
        sys.dont_write_bytecode = True  # an edit within a second, of equal size, would be served from it
        if self._settings.imports_ahead:
            self._import_ahead()
        self._wanted = True
        while self._exit_code is None:
            if (self._wanted or self._lost) and not self._stopping and not self._coming and self._leaving < 0:
                role = self._start()
                if role is not None:
                    return role
            watched = [end for end in (self._wake_read, self._up, self._leaving) if end >= 0]
            readable, _, _ = select.select(watched, [], [])
            if self._leaving in readable:
                os.close(self._leaving)
                self._leaving = -1
                self._count(served=1)
                log.info(f"The new script serves after {time.perf_counter() - self._asked:.3f} s.")
            if self._up in readable:
                self._took_over()
            if self._wake_read in readable:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
                self._reap()
        return self._exit_code

    def _import_ahead(self) -> None:
        """Import what the script imports; where that alone starts what no fork can copy, begin again without."""
        preload.of_script(self._settings)
        if obstacle := forking.obstacle():
            log.warning(
                f"What {self._settings.entry_script} imports has started {obstacle}, which forked processes would not "
                "have: nothing is imported ahead, and a new script takes as long as a start."
            )
            forking.start_over(self._listener, MODELPACK_IMPORTS_AHEAD="false")

    def _start(self) -> Role | None:
        """Fork a generation; return its role in the child."""
        self._asked = time.perf_counter()
        if self._lost:  # what served, for the newest may be one that did not start
            self._lost, self._brings = False, self._serves
        else:
            self._wanted, self._brings = False, _newest(self._settings.reload_dir)
        self._count(asked=1)
        read_end, write_end = os.pipe()
        forking.prepare()
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        parent = os.getpid()
        pid = os.fork()
        if pid:
            os.close(write_end)
            self._coming, self._up = pid, read_end
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            return None
        signal.set_wakeup_fd(-1)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        for end in (read_end, self._wake_read, self._wake_write, self._held):
            if end >= 0:
                os.close(end)
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        if os.getppid() != parent:
            return lambda: 0
        return self._generation(write_end)

    def _generation(self, write_end: int) -> Role:
        # By the environment: a generation whose init() starts threads becomes a fresh process, and a new script may
        # say of itself other things than the one before.
        os.set_inheritable(write_end, True)
        folder, package = self._brings
        os.environ.update(
            {
                "MODELPACK_RELOAD": "false",
                "MODELPACK_UP_FD": str(write_end),
                "MODELPACK_REPLACES": str(bool(self._serving)).lower(),
                "MODELPACK_GENERATIONS_FD": str(self._shared),
                "MODELPACK_RELOAD_DIR": folder,
                "MODELPACK_PACKAGE": package,
            }
        )
        try:
            settings = Settings.from_environment(os.environ)
        except ConfigurationError as error:
            exit_reason.of_settings(str(error))
            return lambda: EXIT_CODE
        return _supervised(settings, self._listener)

    def _count(self, asked: int = 0, served: int = 0, refused: int = 0) -> None:
        before = self._counts
        self._counts = Counts(before.asked + asked, before.served + served, before.refused + refused)
        generations.write(self._shared, self._counts)

    def _took_over(self) -> None:
        """End the old generation, and learn from the new one what to import for the next."""
        names = b""
        while not names.endswith(b"\n\n"):
            piece = os.read(self._up, 65536)
            if not piece:  # it has died; _reap() says so
                os.close(self._up)
                self._up = -1
                return
            names += piece
        before, self._serving, self._coming = self._serving, self._coming, 0
        self._serves, self._lost = self._brings, False
        if before:
            self._leaving = self._held
            with contextlib.suppress(ProcessLookupError):
                os.kill(before, signal.SIGUSR1)
        else:
            self._count(served=1)
        self._held, self._up = self._up, -1
        preload.of_names(names.decode().split("\n"))

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            if pid == self._coming:
                self._coming = 0
                if self._lost and not self._stopping:
                    self._count(refused=1)  # what served comes next
                elif not (self._serving or self._stopping) and self._brings[1] and self._brings != self._serves:
                    self._count(refused=1)
                    log.error("The newer script does not start, see above. The app's own serves in its place.")
                    self._lost = True
                elif not self._serving:
                    self._exit_code = code if code >= 0 else int(not self._stopping)
                elif not self._stopping:
                    self._count(refused=1)
                    log.error("The new script does not start, see above. The one before goes on serving.")
            elif pid == self._serving:
                self._serving = 0
                os.close(self._held)
                self._held = -1
                if self._stopping:
                    self._exit_code = max(code, 0)
                else:
                    log.warning(f"The supervisor {pid} ended (code {code}); another one takes its place.")
                    time.sleep(_AGAIN_SECONDS)  # not in a frenzy
                    self._lost = True

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  signal's signature
        if number == signal.SIGHUP:
            self._wanted = True
        elif number != signal.SIGCHLD:
            self._stopping = True
            for pid in (self._coming, self._serving):
                if pid:
                    os.kill(pid, signal.SIGTERM)
            if not (self._coming or self._serving):
                self._exit_code = 0


def _newest(folder: str) -> tuple[str, str]:
    """Return the folder of the newest script, and its name where the pointer names one."""
    if not folder:
        return "", ""
    try:
        name = Path(folder, _POINTER).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return folder, ""
    return str(Path(folder, name)), name


def _supervised(settings: Settings, listener: socket.socket) -> Callable[[], int]:
    def role() -> int:
        outcome = Supervisor(settings, listener).run()
        return outcome if isinstance(outcome, int) else outcome()

    return role
