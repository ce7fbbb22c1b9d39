"""What tells that a file is still the one that was read, without reading it again."""

from __future__ import annotations

import os
import time

SETTLED_NS = 2_000_000_000
"""A file that changed less than this ago may change again within one tick of its file system's clock."""


def state_of(found: os.stat_result) -> list[int]:
    """Return what changes when a file's content does."""
    # The time of change, which nobody can set, beside that of modification, which `touch` and `cp -p` do set.
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def is_settled(found: os.stat_result) -> bool:
    """Whether a file changed so long ago that a change from now on will show in its state."""
    return time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > SETTLED_NS
