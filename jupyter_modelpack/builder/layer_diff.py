"""Explain which files differ between two layers that should be the same."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

from jupyter_modelpack.limits import CHUNK
from jupyter_modelpack.oci.layer import read_layer

_SHOWN = 3


def tell_difference(theirs: BinaryIO, rebuilt: BinaryIO, python: str) -> str:
    """Describe which files of a layer differ from a rebuilt one.

    Args:
        theirs: The layer of the image.
        rebuilt: The rebuilt layer.
        python: Minor version in the image.

    Raises:
        Untrusted: one of them is no layer of ours.
    """
    old, new = _digests(theirs), _digests(rebuilt)
    differing = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    if not differing:
        return "the files are the same, in another order or with other rights"
    shown = ", ".join(
        f"{path.rpartition('site-packages/')[2]}{_missing_from(path, old, new)}" for path in differing[:_SHOWN]
    )
    more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
    if all(path.endswith(".pyc") for path in differing):
        why = f"bytecode that another release of Python {python} has made, or an earlier version of modelpack"
        return f"{shown}{more}: {why}; the sources are the same"
    return f"{shown}{more}"


def _missing_from(path: str, old: dict[str, str], new: dict[str, str]) -> str:
    return " (in the image alone)" if path not in new else " (not in the image)" if path not in old else ""


def _digests(stream: BinaryIO) -> dict[str, str]:
    found = {}
    for entry, content in read_layer(stream):
        state = hashlib.sha256(f"{entry.executable} {entry.target}".encode())
        while content is not None and (data := content.read(CHUNK)):
            state.update(data)
        if entry.kind != "dir":
            found[entry.path] = state.hexdigest()
    return found
