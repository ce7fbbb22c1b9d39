"""Run the embedded registry in its own process, started on demand.

A saved Dockerfile must build after the script that wrote it has ended, so the registry outlives it; it
ends after two hours without a request, or when its store is deleted. The child is a program of a higher
subpackage, which opens the store and calls `serve`; the parent calls `ensure_serving`.

The child reports over a pipe, once: ``ready`` when it listens, ``taken`` when another program has the port.
Until then the pipe is also its stderr, so that the parent sees why a child fails.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from jupyter_modelpack.errors import Conflict, Unavailable
from jupyter_modelpack.listener import holder
from jupyter_modelpack.oci.image import RegistryContent
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.probe import Presence, ask_to_leave, who_answers
from jupyter_modelpack.registry.server.push_api import Inbox

if TYPE_CHECKING:
    from jupyter_modelpack.registry.server.server import RegistryServer

IDLE_SECONDS = 2 * 60 * 60.0
READY_SECONDS = 20.0
"""How long a child may take to listen; a cold Python on a slow disk takes a few seconds."""

CHECK_SECONDS = 5.0
"""Seconds between checks of a serving child whether it is still wanted."""

LAST_SECONDS = 10 * 60.0
"""Seconds that running transfers may take when a child ends: pulling large layers takes minutes."""

_ENDING = signal.SIGTERM, signal.SIGHUP
"""What ends a program in the foreground, but for Ctrl-C, which Python raises as an exception."""

_READY, _TAKEN = "ready", "taken"
_LAST_WORDS = 64 << 10


def ensure_serving(endpoint: Endpoint, command: Sequence[str]) -> None:
    """Start the workspace's registry at `endpoint` unless it answers there.

    Args:
        endpoint: The address, at which the child must serve, too.
        command: The program to start when nothing answers. It gets ``--ready-fd=N`` as its last argument
            and the folder ``/`` to run in, so it must name its store by an absolute path. Passwords do
            not belong in it: all users of the machine can read it.

    Raises:
        Conflict: another program holds the port.
        Unavailable: the child did not start; carries its last lines.

    """
    found = who_answers(endpoint)
    if found is Presence.NOBODY:
        start_detached(command)
        found = who_answers(endpoint)
    if found is not Presence.OURS:
        raise port_taken(endpoint, found)


def port_taken(endpoint: Endpoint, found: Presence) -> Conflict:
    """Return the error for a port that another program has."""
    owner = holder(endpoint.port)
    who = f"{found.value}, {owner}," if owner.startswith("process") else found.value
    return Conflict(
        f"The workspace's registry cannot serve at {endpoint.address}: {who} holds that port.",
        hint="End that program, or delete registry.json in the workspace's folder to get another port "
        "(Dockerfiles saved before name the old one).",
        code="port-in-use",
    )


def start_detached(command: Sequence[str], seconds: float = READY_SECONDS) -> int | None:
    """Start a registry child in a session of its own; return its process id once it listens.

    Returns None when the port was taken already, perhaps by a child started at the same moment.
    """
    reader, writer = os.pipe()
    try:
        child = _start([*command, f"--ready-fd={writer}"], writer)
        with child:  # the direct child, which ends as soon as it has forked the grandchild
            words = _read_until_closed(reader, seconds)
            if words is None:
                os.killpg(child.pid, signal.SIGKILL)
    finally:
        os.close(reader)
    lines = (words or "").strip().splitlines()
    word, _, process_id = lines[-1].partition(" ") if lines else ("", "", "")
    if word == _READY and process_id.isdecimal():
        return int(process_id)
    if word == _TAKEN:
        return None
    why = f"it did not listen within {seconds:.0f} seconds" if words is None else " ".join(lines[-2:])[:500]
    raise Unavailable(
        f"The workspace's registry could not be started: {why or 'it said nothing'}",
        code="registry-not-started",
        retry=True,
    )


def _start(command: list[str], writer: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=writer,
            pass_fds=(writer,),
            cwd="/",
            start_new_session=True,
        )
    finally:
        os.close(writer)


def _read_until_closed(reader: int, seconds: float) -> str | None:
    deadline, words = time.monotonic() + seconds, b""
    while select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
        data = os.read(reader, 4096)
        if not data:
            return words.decode(errors="replace")
        words = (words + data)[-_LAST_WORDS:]
    return None


def serve(
    content: RegistryContent,
    endpoint: Endpoint,
    *,
    wanted: Callable[[], bool] = lambda: True,
    idle_seconds: float = IDLE_SECONDS,
    ready_fd: int | None = None,
    ready: Callable[[], None] = lambda: None,
    log: Callable[[str], None] = lambda _line: None,
    inbox: Inbox | None = None,
) -> None:
    """Serve `content` at `endpoint` from this process until it is idle, no longer wanted, or gets SIGTERM.

    Args:
        content: What to serve.
        endpoint: Address and password.
        wanted: Called every few seconds; False ends serving (the store's folder was deleted).
        idle_seconds: Seconds without a request after which serving ends.
        ready_fd: The pipe `start_detached` waits on; with it, this process leaves its parent. Without
            it the registry runs in the foreground, and a port that is taken is a `Conflict`.
        ready: Called once connections are accepted.
        log: Called with one line per request.
        inbox: Stores what is pushed; without it the registry is read-only.

    """
    try:
        server = _listening(content, endpoint, log, inbox, ask=ready_fd is None)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        if ready_fd is None:
            raise port_taken(endpoint, who_answers(endpoint)) from error
        _say(ready_fd, _TAKEN)
        return
    if ready_fd is not None:
        server.on_leave = server.stop_listening
        _leave_parent()
        signal.signal(signal.SIGTERM, _end_at_once)
        _say(ready_fd, f"{_READY} {os.getpid()}")

    def still_wanted() -> None:
        if server.has_left or time.monotonic() - server.last_request > idle_seconds or not wanted():
            raise _NotWanted
        if inbox:
            inbox.sweep()

    server.service_actions = still_wanted  # type: ignore[method-assign]
    with _tidied(server):
        ready()
        with contextlib.closing(server.socket), contextlib.suppress(_NotWanted):
            server.serve_forever(min(CHECK_SECONDS, idle_seconds))
        server.connections.drain(LAST_SECONDS)


def _listening(
    content: RegistryContent, endpoint: Endpoint, log: Callable[[str], None], inbox: Inbox | None, *, ask: bool
) -> RegistryServer:
    """Listen at `endpoint`; with `ask`, a registry of the same workspace in the background is ended first."""
    from jupyter_modelpack.registry.server.server import RegistryServer  # noqa: PLC0415 - only who serves needs it

    try:
        return RegistryServer(content, endpoint, log, inbox)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        if not (ask and taken and who_answers(endpoint) is Presence.OURS and ask_to_leave(endpoint)):
            raise
    return RegistryServer(content, endpoint, log, inbox)


class _NotWanted(Exception):
    """Ends the serving loop."""


class _Terminated(BaseException):
    """A signal of `_ENDING` arrived."""


@contextlib.contextmanager
def _tidied(server: RegistryServer) -> Iterator[None]:
    """Leave nothing half pushed, whatever ends the block; a signal ends this process only then.

    Signals that the program handles or ignores stay as they are.
    """
    received: list[int] = []

    def end(number: int, _frame: object) -> NoReturn:
        received.append(number)
        signal.signal(number, signal.SIG_DFL)  # the next one ends it at once
        raise _Terminated

    in_main = threading.current_thread() is threading.main_thread()
    ours = [one for one in _ENDING if in_main and server.inbox and signal.getsignal(one) == signal.SIG_DFL]
    for one in ours:
        signal.signal(one, end)
    try:
        with contextlib.suppress(_Terminated):
            yield
    finally:
        server.server_close()
        for one in ours:
            signal.signal(one, signal.SIG_DFL)
        if received:
            signal.raise_signal(received[0])


def _end_at_once(_number: int, _frame: object) -> NoReturn:
    # No writes are under way: clients repeat a transfer that is cut off.
    os._exit(0)


def _leave_parent() -> None:
    """Continue as a grandchild, so that the parent need not reap us. No thread runs yet."""
    if os.fork():
        os._exit(0)


def _say(ready_fd: int, word: str) -> None:
    """Report to the parent, then close the pipe."""
    os.write(ready_fd, f"\n{word}\n".encode())
    os.close(ready_fd)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a file of ours
        os.dup2(nowhere.fileno(), 2)
