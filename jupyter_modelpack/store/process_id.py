"""Identify a lock's owner, robust against reuse of process ids.

promises.md F19: a process is the same only with the same process id, start time, boot of the machine
and process namespace.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that holds a lock or a lease.

    Attributes:
        machine: Machine id; with `host` it tells whether two boots are of one machine.
        boot: Id of the machine's boot.
        space: The process namespace (container) of `pid`.
        started: When the process started, in clock ticks since boot.
        token: Different each time something is held.
    """

    pid: int
    host: str
    machine: str
    boot: str
    space: str
    started: str
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    @classmethod
    def me(cls) -> Self:
        """Describe this process, with a new token."""
        return cls(*_facts(os.getpid()))

    @classmethod
    def parse(cls, data: bytes) -> Self | None:
        """Read what `to_bytes` wrote; None when it is anything else."""
        try:
            return cls(**json.loads(data))
        except (ValueError, TypeError):
            return None

    def to_bytes(self) -> bytes:
        """Write it as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    def is_dead(self) -> bool:
        """Whether the process has provably ended; False when that cannot be known from here."""
        me = Owner.me()
        if (self.machine, self.host) != (me.machine, me.host):
            return False
        if self.boot != me.boot:
            return bool(self.boot and me.boot and me.machine)  # this machine has been rebooted since
        return self.space == me.space and self.started != _started(self.pid)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


@functools.lru_cache(maxsize=4)
def _facts(pid: int) -> tuple[int, str, str, str, str, str]:
    machine, boot = _read("/etc/machine-id"), _read("/proc/sys/kernel/random/boot_id")
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        space = ""
    return pid, platform.node(), machine, boot, space, _started(pid)


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Return a process's start time; empty when it has ended or is a zombie."""
    words = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return "" if not words or words[0] in {"Z", "X"} else words[19]
