"""The parent of a local service: stays until it ends, then writes down its exit code.

Run as a file, ``python -ISE supervisor.py FOLDER PROGRAM ARGUMENTS...``: it takes the standard library
only, so that it starts in any environment. It detaches itself, starts the program with the log file as
its output, says on stdout (as JSON) what it started or why it could not, and waits. SIGTERM is how
anybody ends the service: the supervisor, being the parent, knows that the process id is still its
child's, so nobody else is ever hit.
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


def write(path: Path, content: object) -> None:
    """Replace a JSON file at once."""
    replace(path, json.dumps(content).encode())


def replace(path: Path, content: bytes) -> None:
    """Replace a file at once, so that a reader sees the old or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        while content:
            content = content[os.write(file, content) :]
    finally:
        os.close(file)
    temporary.replace(path)


def main(folder: Path, argv: list[str]) -> None:
    """Start `argv` and see it through to its end."""
    if os.fork():
        os._exit(0)  # the caller's child ends here: the service is nobody's zombie
    os.setsid()  # a Ctrl-C in the caller's terminal is not meant for the service
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        program = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0)
    except OSError as error:
        write(folder / EXIT, {"code": START_FAILED, "ended": time.time()})
        _answer({"error": str(error)})
        return
    with contextlib.suppress(OSError):  # where memory runs out, this is to end before the notebook does
        Path(f"/proc/{program.pid}/oom_score_adj").write_text("500", encoding="ascii")
    # Nobody knows our number before the file is written.
    told: list[int] = []

    def end(number: int, _frame: object) -> None:
        told.append(number)
        _end_group(program.pid)

    signal.signal(signal.SIGTERM, end)
    started = {
        "pid": program.pid,
        "birth": birth(program.pid),
        "supervisor": os.getpid(),
        "supervisor_birth": birth(os.getpid()),
        "started": time.time(),
    }
    try:
        write(folder / PROCESS, started)
    except FileNotFoundError:  # interrupted, the caller has given up and taken the folder away
        _kill_group(program.pid)
        return
    _answer(started)
    for stream in (0, 1, 2):  # the caller waits for the end of our output
        os.dup2(log if stream else os.open(os.devnull, os.O_RDONLY), stream)
    # Not reaped yet, so that the group's number cannot have a new owner when its stragglers are ended.
    os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)
    _kill_group(program.pid)
    code = program.wait()
    _reap_group(program.pid)
    killed = {"killed": True} if told else {}
    write(folder / EXIT, {"code": code if code >= 0 else 128 - code, "ended": time.time(), **killed})


def _answer(content: object) -> None:
    os.write(1, json.dumps(content).encode())


def _end_group(leader: int) -> None:
    """Kill the group; its members become our children once their parent is dead, so that we see them end."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _kill_group(leader)


def _reap_group(leader: int) -> None:
    """Wait for the killed members: a large one takes a moment to die, and holds the port until then."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-leader, 0)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
