"""Determine how much memory requests may take, which containers may limit."""

from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_FILES = ("memory.max", "memory/memory.limit_in_bytes")  # cgroups of version 2, of version 1


def for_bodies(workers: int, cgroup: Path = _CGROUP) -> int | None:
    """Return the bytes one worker may hold of requests: half of the container's, shared; None where there is no limit.

    The other half is for the script, whose inputs are made of them.
    """
    file = next((cgroup / name for name in _FILES if (cgroup / name).is_file()), None)
    try:
        said = file.read_text(encoding="ascii").strip() if file is not None else "max"
        return None if said == "max" else max(1, int(said) // 2 // workers)
    except (OSError, ValueError):
        return None
