"""The digest of a file of the user's, remembered as long as the file stays as it was.

A cell that names a model's file is run again and again, and hashing five gigabytes takes five seconds.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.build.source_files import check_unchanged, open_regular
from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.store.disk import disk_errors
from jupyter_modelpack.store.files import write_file

REMEMBERED = 1 << 20
"""Bytes from which a file's digest is kept; a smaller file is hashed as soon as looked up."""

_SETTLED_NS = 2_000_000_000
"""A file that changed less than this ago may change again within one tick of its file system's clock."""


def digest_of(path: Path, report: Reporter) -> Digest:
    """Return the sha256 of a file; of a large one that has not changed since the last time, without reading it.

    Raises:
        UsageError: it is no regular file.
        Conflict: it changed while it was read.
        Cancelled: `report` was asked to stop.

    """
    with disk_errors(path, f"{path}", "read"), open_regular(path) as file:
        before = os.fstat(file.fileno())
        note = home.cache() / "digests" / hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()
        if before.st_size < REMEMBERED:
            return Digest.of_stream(file, report.check)
        if known := _noted(note, before):
            return known
        digest = Digest.of_stream(file, report.check)
        check_unchanged(path, before, os.fstat(file.fileno()))
    if time.time_ns() - max(before.st_mtime_ns, before.st_ctime_ns) > _SETTLED_NS:
        write_file(note, json.dumps({"state": _state(before), "digest": digest}).encode(), durable=False)
    return digest


def _noted(note: Path, found: os.stat_result) -> Digest | None:
    try:
        known = json.loads(note.read_bytes())
        return Digest.parse(known["digest"]) if known["state"] == _state(found) else None
    except (OSError, ValueError, KeyError, TypeError, Untrusted):  # it is only a cache: a damaged note is no note
        return None


def _state(found: os.stat_result) -> list[int]:
    # The time of change, which nobody can set, beside that of modification, which `touch` and `cp -p` do set.
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
