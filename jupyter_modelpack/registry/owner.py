"""Which process listens on a port, as far as this user may see."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from jupyter_modelpack.redact import scrub

_LISTEN = "0A"


def port_owner(port: int, proc: Path = Path("/proc")) -> str:
    """Return ``process 123, python3 -m http.server``; empty when it cannot be seen (other user, no /proc)."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port, proc)}
    for folder in proc.glob("[0-9]*/fd") if sockets else ():
        with contextlib.suppress(OSError):  # it ended meanwhile, or is another user's
            if any(os.readlink(entry) in sockets for entry in folder.iterdir()):  # noqa: PTH115 - no path: socket:[1]
                words = (folder.parent / "cmdline").read_bytes().split(b"\0")
                command = scrub(b" ".join(words).decode(errors="replace").strip())
                shown = "".join(c if c.isprintable() else "?" for c in command)[:80]
                return f"process {folder.parent.name}, {shown}"
    return ""


def _listening(port: int, proc: Path) -> set[str]:
    inodes = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(fields[9])
    return inodes
