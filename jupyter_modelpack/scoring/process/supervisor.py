"""The parent process: loads the script once, forks workers, replaces the dead, drains on SIGTERM.

A forked child returns from `Supervisor.run` with what it has to do, and the caller does it: so every process
ends by returning from main(), its exit handlers run, and no child unwinds through its parent's `finally`.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from ..observe import log
from ..observe.metrics import Metrics
from ..observe.roster import TRIES, Roster
from ..script.entry_script import EntryScript
from ..script.startup import EXIT_CODE, BootError, boot
from ..settings import Settings
from . import forking, preload
from .worker import serve, serve_starting

Role = Callable[[], int]

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP, signal.SIGUSR1)
_QUICK_SECONDS = 1.0
_LONGEST_PAUSE = 5.0
_FIRST_AGAIN = 1.0
_LONGEST_AGAIN = 60.0
"""Seconds between two tries of a worker that does not start."""

_LOADED_ONCE = " A script that can be loaded only once, since it opens a port or locks a file, needs WORKER_COUNT=1."
_KILL_MARGIN = 1.2
_GAP_SECONDS = 0.5
"""Seconds that requests wait while the only worker loads again: most have loaded by then, and no request is refused."""


class _TerminatedError(BaseException):
    """SIGTERM arrived while the script was loading."""


class Supervisor:
    """Keeps `settings.workers` processes serving on one listening socket."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._workers: dict[int, float] = {}
        self._rows: dict[int, int] = {}  # which row of the metrics, and slot of the roster, is a worker's
        self._roster = Roster(settings.workers)
        self._due: dict[int, float] = {}  # when a worker that has not started is tried again
        self._metrics = Metrics(settings.workers) if settings.metrics else None
        self._terminating = False
        self._replaced = False
        self._loading = False
        self._up = False
        self._was_up = False
        self._bridge_at = 0.0  # when a child is to answer for the worker that comes back; 0 when there is one, or none
        self._quick_deaths = 0
        # A worker serves until its end of this pipe reads end of file: asked to stop, or orphaned.
        self._stop_read, self._stop_write = os.pipe()
        self._probe_read, self._probe_write = os.pipe()
        # Only the child that answers during init() keeps the write end: end of file says that it accepts no
        # more, so that nobody who has seen us ready is told afterwards that we are starting.
        self._free_read, self._free_write = os.pipe()
        self._up_read, self._up_write = os.pipe()
        self._wake_read, self._wake_write = os.pipe()
        self._entry: EntryScript | None = None

    def run(self) -> Role | int:
        """Return the exit code, or in a child process its role."""
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._on_signal)
        # The child that answers while init() runs is forked before the script can start threads.
        # The generation that is to be replaced answers for us until we are ready.
        if not self._settings.replaces and self._fork() == 0:
            return self._role_while_starting()
        os.close(self._free_write)
        if self._settings.preload:
            try:
                self._entry = self._load()
            except BootError:
                return EXIT_CODE
            except _TerminatedError:
                return 0
        return self._keep_serving()

    def _load(self) -> EntryScript:
        self._loading = True
        if self._terminating:
            raise _TerminatedError
        try:
            entry = boot(self._settings)
        finally:
            self._loading = False
        obstacle = forking.obstacle()
        if obstacle:
            self._start_over(obstacle)
        forking.prepare()
        return entry

    def _start_over(self, obstacle: str) -> NoReturn:
        """Replace this process by a fresh one, on the same listening socket, whose workers each load the script."""
        log.warning(
            f"init() has started {obstacle}, which forked workers would not have: every worker loads for itself. "
            f"{forking.cost(self._settings.workers)} "
            "WORKER_PRELOAD=false says so from the beginning and saves loading twice."
        )
        forking.start_over(self._listener, WORKER_PRELOAD="false")

    def _open_gap(self) -> None:
        """Treat the only worker's restart as the service's start: another process answers while it loads."""
        for end in (self._probe_read, self._free_read, self._up_read, self._up_write):
            os.close(end)
        self._probe_read, self._probe_write = os.pipe()
        self._free_read, self._free_write = os.pipe()
        self._up_read, self._up_write = os.pipe()
        self._up, self._bridge_at = False, time.monotonic() + _GAP_SECONDS

    def _keep_serving(self) -> Role | int:
        while not self._terminating:
            if self._up and not self._workers and self._entry is None:
                self._open_gap()
            for row in sorted(set(range(self._settings.workers)) - set(self._rows.values())):
                if self._due.get(row, 0.0) > time.monotonic():
                    continue
                self._roster.starting(row)
                pid = self._fork()
                if pid == 0:
                    return self._role_of_worker(row)
                self._workers[pid], self._rows[pid] = time.monotonic(), row
            readable, _, _ = select.select(
                [self._wake_read, *([] if self._up else [self._up_read])], [], [], self._patience()
            )
            if self._bridge_at and not readable and self._bridge_at <= time.monotonic():
                # What a client has sent in the meantime has waited; from now on it is told that we are starting.
                self._bridge_at = 0.0
                if self._fork() == 0:
                    return self._role_while_starting()
                os.close(self._free_write)
            if self._up_read in readable:
                self._announce()
            if self._wake_read in readable:
                os.read(self._wake_read, 4096)
                if self._reap() == EXIT_CODE:
                    return EXIT_CODE
        return self._drain()

    def _patience(self) -> float | None:
        """Return the seconds until the next task that no signal announces."""
        missing = set(range(self._settings.workers)) - set(self._rows.values())
        times = [self._due.get(row, 0.0) for row in missing] + ([self._bridge_at] if self._bridge_at else [])
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _announce(self) -> None:
        again, self._up, self._was_up = self._was_up, True, True
        os.close(self._probe_write)
        if self._bridge_at:
            self._bridge_at = 0.0
            os.close(self._free_write)
        os.read(self._free_read, 1)
        if again:
            return
        host, port = self._listener.getsockname()[:2]
        log.info(f"Listening on http{'s' if self._settings.tls_cert else ''}://{host}:{port}")
        if self._settings.up_fd >= 0:
            # Held open, by us and by the workers: its end says that this generation accepts no more.
            names = "\n".join(preload.installed() if self._entry else [])
            os.write(self._settings.up_fd, names.encode() + b"\n\n")

    def _reap(self) -> int:
        """Reap ended children, also those we did not start: in a container we are process 1."""
        boot_failed = 0
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return boot_failed
            if pid == 0:
                return boot_failed
            born, row = self._workers.pop(pid, None), self._rows.pop(pid, None)
            if born is None or row is None or self._terminating:
                continue
            code = os.waitstatus_to_exitcode(status)
            if self._metrics is not None:
                self._metrics.counters(row).end()
            if code == EXIT_CODE and not self._was_up and not self._workers:
                boot_failed = code
            elif self._roster.is_up(row):
                log.warning(f"Worker {pid} {_cause_of_death(code)}; another one takes its place.")
                self._pause_after(time.monotonic() - born)
            else:
                self._try_again(row, code)

    def _try_again(self, row: int, code: int) -> None:
        """Schedule the next start of a worker that failed to start, with a growing delay."""
        death = f"its process {_cause_of_death(code)}"
        failures = self._roster.failed(row, death, explained=code == EXIT_CODE)
        pause = min(_FIRST_AGAIN * 2.0 ** (failures - 1), _LONGEST_AGAIN)
        self._due[row] = time.monotonic() + pause
        count, message = (
            self._settings.workers,
            f"does not start: {self._roster.reason(row)}. Tried again in {pause:.0f} s.",
        )
        if failures < TRIES:
            log.warning(f"Worker {row + 1} of {count} {message}")
        else:
            log.error(
                f"Worker {row + 1} of {count} {message} {failures} tries have failed, {len(self._workers)} of {count} "
                f"workers are left.{_LOADED_ONCE if count > 1 else ''}"
            )

    def _pause_after(self, lived: float) -> None:
        """Replace a worker at once, but after a pause when workers die soon after their start."""
        self._quick_deaths = self._quick_deaths + 1 if lived < _QUICK_SECONDS else 0
        if self._quick_deaths > 3 and not self._terminating:
            select.select([self._wake_read], [], [], min(0.1 * 2.0 ** (self._quick_deaths - 3), _LONGEST_PAUSE))

    def _drain(self) -> int:
        log.info("Stopping: requests in flight are answered first.")
        self._listener.close()
        if not self._up:
            os.close(self._probe_write)
        self._accept_no_more()
        if self._replaced:
            os.write(self._stop_write, b"." * len(self._workers))  # a byte each: a successor accepts already
        os.close(self._stop_write)
        end = time.monotonic() + self._settings.drain_seconds + _KILL_MARGIN
        while self._workers and (left := end - time.monotonic()) > 0:
            select.select([self._wake_read], [], [], min(left, 0.5))
            os.set_blocking(self._wake_read, False)
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_read, 4096)
            self._reap()
        for pid in self._workers:
            log.warning(f"Worker {pid} did not stop in time and is killed.")
            os.kill(pid, signal.SIGKILL)
        log.info("Stopped.")
        return 0

    def _fork(self) -> int:
        """Fork with signals held back, so that none reaches a child that still has our handlers."""
        sys.stdout.flush()
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            # Handlers that do nothing, and not SIG_IGN: the script's own subprocesses would inherit that.
            signal.signal(signal.SIGTERM, _pass)
            signal.signal(signal.SIGINT, _pass)
            signal.signal(signal.SIGHUP, _pass)
            signal.signal(signal.SIGUSR1, signal.SIG_DFL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for end in (self._stop_write, self._wake_read, self._wake_write, self._up_read):
                os.close(end)
            if not self._up:
                os.close(self._probe_write)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        return pid

    def _role_while_starting(self) -> Role:
        self._accept_no_more()
        return lambda: serve_starting(
            self._settings, self._listener, self._probe_read, lambda: os.close(self._free_write), self._roster
        )

    def _accept_no_more(self) -> None:
        if self._settings.up_fd >= 0:
            os.close(self._settings.up_fd)

    def _role_of_worker(self, row: int) -> Role:
        if self._bridge_at:
            os.close(self._free_write)

        def role() -> int:
            try:
                entry = self._entry or boot(self._settings)
                forking.reseed()
            except BootError as error:
                self._roster.explain(row, str(error))
                return EXIT_CODE
            self._roster.up(row)
            os.write(self._up_write, b".")
            os.close(self._up_write)
            os.read(self._free_read, 1)
            return serve(
                self._settings,
                self._listener,
                entry,
                self._stop_read,
                self._accept_no_more,
                self._metrics,
                self._roster,
                row,
            )

        return role

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  signal's signature
        if number == signal.SIGHUP:
            log.warning(
                "SIGHUP means a new entry script, for which this service must start with MODELPACK_RELOAD=true."
            )
        elif number != signal.SIGCHLD:
            self._terminating = True
            self._replaced = number == signal.SIGUSR1
            if self._loading:
                self._loading = False
                raise _TerminatedError


def _pass(number: int, frame: FrameType | None) -> None:
    """Ignore a terminal's Ctrl-C, which reaches every process of the group: the parent handles it."""


def _cause_of_death(code: int) -> str:
    if code == -signal.SIGKILL:
        return "was killed (signal 9): by hand, or by the kernel because memory ran out"
    if code < 0:
        return f"crashed with signal {-code} ({signal.Signals(-code).name})"
    return f"ended with exit code {code}"
