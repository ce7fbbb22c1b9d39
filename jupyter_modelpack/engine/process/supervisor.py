"""The parent of a local service: waits for its end, then writes down its exit code.

Run as a file, ``python -ISE supervisor.py FOLDER FIXED LOG_BYTES PROGRAM ARGUMENTS...``: it takes the standard library
only, so that it starts in any environment. It detaches itself, starts the program with the log file as
its output, says on stdout (as JSON) what it started or why it could not, and waits. SIGTERM is how
anybody ends the service: the supervisor, being the parent, knows that the process id is still its
child's, so nobody else is ever hit. Whatever the program starts is its child, too, once its own parent has
ended (a subreaper, prctl(2)): also what has a session of its own ends with the service.

FIXED is a folder that the program gets to see read-only, where the system lets us: as root, by a mount of its own.
Who is root may mount again; this keeps a script from changing by mistake what other services run from.

LOG_BYTES is what the log may take on disk. The program writes into the file itself, so that it goes on when the
supervisor is killed.
"""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PROCESS, EXIT, LOG = "process.json", "exit.json", "log"

_SET_CHILD_SUBREAPER = 36  # prctl(2), linux/prctl.h
_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS, unshare(2)
_RDONLY, _REMOUNT, _BIND, _RECURSIVE, _SLAVE = 1, 32, 4096, 16384, 1 << 19  # mount(2)
_NO_SUID_DEV_EXEC = 2 | 4 | 8
"""Flags of a mount that statvfs(3) and mount(2) give the same numbers; a remount without them would lift them."""

_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # fallocate(2), linux/falloc.h
_BLOCK = 4096
_LAST_WORDS = 64 << 10

_LOOK_SECONDS = 1.0
"""Seconds between two looks at how large the log is."""

NO_HANDLE = -1
"""In place of a handle of a process, where the system gives none."""

START_FAILED = 127
"""Exit code of a program that could not be started, as a shell gives it."""


def birth(pid: int) -> int | None:
    """Return the start time of a living process in clock ticks since boot; None for the dead, zombies included."""
    try:
        # The name, in brackets, may hold spaces: count the fields behind it.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _write(path: Path, content: object) -> None:
    """Replace a JSON file at once, as `engine/private_file.py` does, which cannot be imported here."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(json.dumps(content).encode())
    temporary.replace(path)


def main(folder: Path, fixed: str, log_bytes: int, argv: list[str]) -> None:
    """Start `argv` and see it through to its end."""
    if os.fork():
        os._exit(0)  # the caller's child ends here: the service is nobody's zombie
    os.setsid()  # a Ctrl-C in the caller's terminal is not meant for the service
    libc = ctypes.CDLL(None)
    libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if fixed and os.geteuid() == 0:
        _fix(libc, fixed)
    log = os.open(folder / LOG, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        program = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0)
    except OSError as error:
        _write(folder / EXIT, {"code": START_FAILED, "ended": time.time()})
        _answer({"error": str(error)})
        return
    with contextlib.suppress(OSError):  # where memory runs out, this is to end before the notebook does
        Path(f"/proc/{program.pid}/oom_score_adj").write_text("500", encoding="ascii")
    # No other process knows our number before the file is written.
    signals: list[int] = []

    def end(number: int, _frame: object) -> None:
        signals.append(number)
        _kill_group(program.pid)

    signal.signal(signal.SIGTERM, end)
    started = {
        "pid": program.pid,
        "birth": birth(program.pid),
        "supervisor": os.getpid(),
        "supervisor_birth": birth(os.getpid()),
        "started": time.time(),
    }
    try:
        _write(folder / PROCESS, started)
    except FileNotFoundError:  # interrupted, the caller has given up and taken the folder away
        _end_all(program)
        return
    _answer(started)
    for stream in (0, 1, 2):  # the caller waits for the end of our output
        os.dup2(log if stream else os.open(os.devnull, os.O_RDONLY), stream)
    # That a file grows is no event without inotify, which the standard library lacks.
    signal.signal(signal.SIGALRM, lambda _number, _frame: trim(log, log_bytes))
    signal.setitimer(signal.ITIMER_REAL, _LOOK_SECONDS, _LOOK_SECONDS)
    # Not reaped yet, so that the group's number cannot have a new owner when its stragglers are ended.
    while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)) and ended.si_pid != program.pid:
        os.waitpid(ended.si_pid, 0)  # one that the program left to us
    code = _end_all(program)
    signal.setitimer(signal.ITIMER_REAL, 0)
    trim(log, log_bytes)
    killed = {"killed": True} if signals else {}
    _write(folder / EXIT, {"code": code if code >= 0 else 128 - code, "ended": time.time(), **killed})


def trim(log: int, most: int) -> None:
    """Free what lies before the last half of a log that takes more than `most` bytes on disk.

    A hole takes its place, so that the offsets of readers and writers stay valid. On a file system without holes (NFS
    before 4.2) the file is cut, and only the last lines are left.
    """
    with contextlib.suppress(OSError):  # a disk that fails must not end the service
        state = os.fstat(log)
        if state.st_blocks * 512 <= most:
            return
        before = ctypes.c_int64((state.st_size - most // 2) // _BLOCK * _BLOCK)
        if before.value <= 0:  # blocks that the file system has set aside
            return
        if ctypes.CDLL(None).fallocate(log, _PUNCH_HOLE | _KEEP_SIZE, ctypes.c_int64(0), before):
            last = os.pread(log, _LAST_WORDS, state.st_size - _LAST_WORDS)
            os.ftruncate(log, 0)
            os.write(log, last)


def _answer(content: object) -> None:
    os.write(1, json.dumps(content).encode())


def _fix(libc: ctypes.CDLL, folder: str) -> None:
    """Mount a folder read-only for us and all that we start; where the system refuses, it stays writable."""
    place = os.path.realpath(folder).encode()
    kept = os.statvfs(place).f_flag & _NO_SUID_DEV_EXEC
    if (
        libc.unshare(_NEW_MOUNTS) == 0
        and libc.mount(None, b"/", None, _RECURSIVE | _SLAVE, None) == 0  # what is mounted later is seen here, too
        and libc.mount(place, place, None, _BIND | _RECURSIVE, None) == 0
        and libc.mount(None, place, None, _REMOUNT | _BIND | _RDONLY | kept, None) == 0
    ):
        os.chdir(Path.cwd())  # we are still in the folder beneath the mount


def _end_all(program: subprocess.Popen[bytes]) -> int:
    """Kill all that the program started, and wait: a large one takes a moment to die, and holds the port until then."""
    kill_below(os.getpid())
    _kill_group(program.pid)
    code = program.wait()
    with contextlib.suppress(ChildProcessError):
        while kill_below(os.getpid()):  # who loses its parent becomes our child, and is killed in its turn
            os.waitpid(-1, 0)
    return code


def end_with_children(pid: int) -> None:
    """Kill a process, which the caller knows to have this number, with all its descendants."""
    if (born := birth(pid)) is not None:
        send(pid, born, signal.SIGSTOP)  # so that it makes no more of them
        kill_below(pid)
        send(pid, born, signal.SIGKILL)


def kill_below(ancestor: int) -> bool:
    """Kill all descendants of a process; return whether all could be killed: those of another user stay.

    They are stopped before, so that none of them makes another meanwhile.
    """
    known: dict[int, int] = {}
    while fresh := {pid: born for pid, born in _below(ancestor).items() if known.get(pid) != born}:
        for pid, born in fresh.items():
            send(pid, born, signal.SIGSTOP)
        known |= fresh
    return not [pid for pid, born in known.items() if not send(pid, born, signal.SIGKILL)]


def _below(ancestor: int) -> dict[int, int]:
    """Return the living descendants of a process, each with its start time: a number alone may have a new owner."""
    children: dict[int, list[tuple[int, int]]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            fields = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if fields[0] not in "ZX":
                children.setdefault(int(fields[1]), []).append((int(process.name), int(fields[19])))
    found: dict[int, int] = {}
    waiting = [ancestor]
    while waiting:
        below = children.get(waiting.pop(), [])
        found.update(below)
        waiting += [pid for pid, _ in below]
    return found


def send(pid: int, born: int, number: signal.Signals) -> bool:
    """Send a signal to this process, never to a later one of its number; return False when it is another user's."""
    handle = NO_HANDLE
    try:
        handle = pinned(pid)
        if birth(pid) == born:  # asked while the handle pins the number to its owner
            _signal(pid, handle, number)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    finally:
        if handle != NO_HANDLE:
            os.close(handle)
    return True


def pinned(pid: int) -> int:
    """Return a handle that pins the number to its owner; raise `ProcessLookupError` when it has none.

    `NO_HANDLE` where there are none: before Linux 5.3, under an old seccomp profile, in a Python that was built on an
    old system.
    """
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except (AttributeError, OSError):
        return NO_HANDLE


def _signal(pid: int, handle: int, number: signal.Signals) -> None:
    if handle != NO_HANDLE:
        try:
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            raise
        except (AttributeError, OSError):  # a filter's refusal and the kernel's look alike: ask again
            pass
        else:
            return
    os.kill(pid, number)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:])
