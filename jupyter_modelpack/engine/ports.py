"""Who holds a port of this machine."""

from __future__ import annotations

import errno
import socket
from contextlib import closing
from pathlib import Path

from jupyter_modelpack.redact import scrub

LOOPBACK = "127.0.0.1"

_LISTEN = "0A"
_PROC = Path("/proc")


def free_port() -> int:
    """Return a port nobody listens on.

    Another program could take it before the service does; the kernel hands out such ports in turn, so
    it would have to ask for this one by number.
    """
    with closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now; raise `PermissionError` when we may not even ask."""
    with closing(socket.socket()) as probe:
        # As servers do: connections of the last server that linger on are no obstacle, a listener is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def holder(port: int) -> str:
    """Say which process listens on `port`, as far as we may know: ``process 4711 (python -m http.server)``."""
    inodes = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _listeners(table, port)}
    for process in _PROC.glob("[0-9]*") if inodes else ():
        if inodes & _open_files(process):
            return f"process {process.name}{_command(process)}"
    return "another program" + (" (of another user, or in a container)" if inodes else "")


def _listeners(table: str, port: int) -> list[str]:
    try:
        lines = (_PROC / "net" / table).read_text(encoding="ascii").splitlines()[1:]
    except OSError:  # no IPv6, or not Linux
        return []
    rows = (line.split() for line in lines)
    return [row[9] for row in rows if row[3] == _LISTEN and int(row[1].rpartition(":")[2], 16) == port]


def _open_files(process: Path) -> set[str]:
    found = set()
    try:
        for entry in (process / "fd").iterdir():
            try:
                found.add(str(entry.readlink()))
            except OSError:  # closed meanwhile
                continue
    except OSError:  # gone meanwhile, or not ours to see
        return set()
    return found


def _command(process: Path) -> str:
    try:
        raw = (process / "cmdline").read_bytes()
    except OSError:
        return ""
    words = scrub(raw.replace(b"\0", b" ").decode("utf-8", "backslashreplace").strip())
    return f" ({words[:80]}{'…' if len(words) > 80 else ''})" if words else ""
