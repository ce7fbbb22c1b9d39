"""Whose files are obeyed: this user's and root's.

threat-model.md T13, as git's CVE-2022-24765: a config.json in a folder above, and a workspace it leads to, decide what
runs. In a shared folder another user could plant both.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from jupyter_modelpack.errors import Denied


def ours(path: Path) -> bool:
    """Whether `path`, and what it leads to if it is a link, belongs to this user or root."""
    return {path.lstat().st_uid, path.stat().st_uid} <= {os.getuid(), 0}


def read_ours(path: Path, what: str) -> bytes:
    """Return the bytes of a file; raise `Denied`, saying whose it is, unless it is this user's or root's."""
    with path.open("rb") as file:
        owner = os.fstat(file.fileno()).st_uid
        if owner not in {os.getuid(), 0}:
            raise Denied(
                f"{what} at {path.parent} belongs to {_name(owner)}, not to you.",
                hint="What lies in it would run as you. If you trust it, copy it, or make it yours with `chown -R`.",
                code="foreign-workspace",
            )
        return file.read()


def _name(owner: int) -> str:
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"user {owner}"
