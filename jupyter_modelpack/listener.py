"""Ports of this machine: the one that services take by default, which program listens, as far as this user may see."""

from __future__ import annotations

from pathlib import Path

from jupyter_modelpack.redact import scrub

DEFAULT_PORT = 6789
"""Where a service answers on this machine unless it is told otherwise."""

_LISTEN = "0A"
_LONG = 80


def holder(port: int, proc: Path = Path("/proc")) -> str:
    """Say which process listens on `port`: ``process 4711 (python -m http.server)``, or ``another program``."""
    inodes = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _listeners(proc / "net" / table, port)}
    for process in proc.glob("[0-9]*") if inodes else ():
        if inodes & _open_files(process):
            return f"process {process.name}{_command(process)}"
    return "another program" + (" (of another user, or in a container)" if inodes else "")


def _listeners(table: Path, port: int) -> list[str]:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
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
    shown = "".join(letter if letter.isprintable() else "?" for letter in words[:_LONG])
    return f" ({shown}{'…' if len(words) > _LONG else ''})" if words else ""
