"""Which systems this package runs on, said in one line where it does not, or not wholly.

Whatever it keeps on disk is guarded by locks of the system (`fcntl`), and the process engine knows its services
by what ``/proc`` says of them.
"""

from __future__ import annotations

import platform
from pathlib import Path

from jupyter_modelpack.errors import Unavailable

_WAY = "On Windows, use WSL 2: run `wsl --install` in PowerShell, then install and start Jupyter inside of it."


def check() -> None:
    """Raise `Unavailable` where nothing works."""
    try:
        import fcntl  # noqa: F401, PLC0415 - to see whether it is there
    except ImportError:
        raise Unavailable(
            f"jupyter_modelpack runs on Linux, and this is {_here()}, where Python has no fcntl.",
            hint=_WAY,
            code="unsupported-system",
        ) from None


def has_processes() -> bool:
    """Whether the process engine can tell its services from other programs."""
    return Path("/proc/self/stat").exists()


def lacking() -> str:
    """Return what does not work on this system, in one line; empty where all does."""
    if has_processes():
        return ""
    return (
        f"jupyter_modelpack runs on Linux, and this is {_here()} without /proc: packages can be made, and run with "
        "Docker or Podman; nobody tests it here, and services without an engine need Linux."
    )


def _here() -> str:
    found = platform.system() or "an unknown system"
    return {"Darwin": "macOS"}.get(found, found)
