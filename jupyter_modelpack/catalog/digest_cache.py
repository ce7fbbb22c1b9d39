"""The digest of a file of the user's, remembered as long as the file stays as it was.

A cell that names a model's file is run again and again, and hashing five gigabytes takes five seconds.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.analysis.file_state import is_settled, state_of
from jupyter_modelpack.builder.context.source_files import check_unchanged, open_regular
from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.record_format import FIELD, is_known
from jupyter_modelpack.store.files import write_file
from jupyter_modelpack.store.os_errors import disk_errors

_FORMAT = 1

REMEMBERED = 1 << 20
"""Bytes from which a file's digest is kept; a smaller file is hashed as soon as looked up."""


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
    if is_settled(before):
        said = {FIELD: _FORMAT, "state": state_of(before), "digest": digest}
        write_file(note, json.dumps(said).encode(), durable=False)
    return digest


def _noted(note: Path, found: os.stat_result) -> Digest | None:
    try:
        known = json.loads(note.read_bytes())
        fits = is_known(known, _FORMAT) and known["state"] == state_of(found)
        return Digest.parse(known["digest"]) if fits else None
    # It is only a cache: a damaged note is no note.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, Untrusted):
        return None
