"""Count the processor cores that this process may use, which containers may limit."""

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def available(cgroup: Path = _CGROUP) -> int:
    """Return the cores of the affinity mask, or of the share that `docker run --cpus` allows, rounded up."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = _share(cgroup)
    return min(cores, max(1, math.ceil(share))) if share else cores


def _share(cgroup: Path) -> float | None:
    """Read what cgroups of version 2, or 1, say; None where there is no limit."""
    try:
        if (cgroup / "cpu.max").is_file():
            quota, period = (cgroup / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text(encoding="ascii")
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text(encoding="ascii")
        return int(quota) / int(period) if quota.strip() not in {"max", "-1"} else None
    except (OSError, ValueError):
        return None
