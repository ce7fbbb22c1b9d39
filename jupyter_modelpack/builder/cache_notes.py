"""Remove what the machine's cache remembers of layers that are gone.

A note goes with its layer, or with the first of its layers. A wheel that was built of a folder goes by its age, as
layers do: whatever needs it later builds the folder again, but for a lock that names the wheel.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.files import remove_file
from jupyter_modelpack.store.layout import Layout

LAYERS = "layers"
"""Field of a note about several layers: the hexadecimal digests of these, and of the base image."""

_OF_ONE = ("contents", "modules", "pythons", "libraries")
_OF_SEVERAL = ("collisions", "libraries")
_DESCRIPTORS = "wheels"
_NAMED = re.compile(r"(?:image-)?([0-9a-f]{64})(?:-|$)")

_BUILD_SECONDS = 3600
"""How long a build may take from a folder's wheel to its layer."""


def collect_notes(
    cache: Layout, unused_seconds: float | None = None, *, going: Collection[Digest] | None = None
) -> tuple[int, int]:
    """Remove notes of layers that the cache no longer holds.

    Args:
        cache: The machine's layout.
        unused_seconds: Remove also wheels of folders that no build has made for so long; None for none of them.
        going: Only count, as if these layers were gone already.

    Returns:
        How many notes and wheels, and their bytes.

    """
    dry_run, count, size = going is not None, 0, 0
    notes = list(_notes(cache, going or ()))
    projects = _projects(cache, unused_seconds, notes if dry_run else ())  # asked for when the notes are gone
    for path in chain(notes, projects):
        with contextlib.suppress(FileNotFoundError):  # another collector was faster
            found = path.stat().st_size
            if dry_run or remove_file(path):
                count, size = count + 1, size + found
                if not dry_run and path.suffix == ".whl":
                    with contextlib.suppress(OSError):  # a build has just put its wheel there: both stay
                        path.parent.rmdir()
    return count, size


def _notes(cache: Layout, going: Collection[Digest]) -> Iterator[Path]:
    for kind in sorted({*_OF_ONE, *_OF_SEVERAL, _DESCRIPTORS}):
        for path in sorted((cache.path / kind).glob("[!.]*")):
            layers = [Digest.parse(f"sha256:{layer}") for layer in _layers(path)]
            if not layers or not all(layer not in going and cache.has_blob(layer) for layer in layers):
                yield path


def _layers(path: Path) -> list[str]:
    """Return what a note is about; nothing where that cannot be told, as of those of earlier versions."""
    kind = path.parent.name
    if kind in _OF_ONE and (kind not in _OF_SEVERAL or path.name.startswith("image-")):
        named = _NAMED.match(path.name)
        return [named[1]] if named else []
    try:
        note = json.loads(path.read_bytes())
        layers = [Descriptor.from_json(note).digest.hex] if kind == _DESCRIPTORS else note[LAYERS]
        return [layer for layer in layers if re.fullmatch("[0-9a-f]{64}", layer)]
    except (OSError, ValueError, KeyError, TypeError, Untrusted):
        return []


def _projects(cache: Layout, unused_seconds: float | None, going: Collection[Path]) -> Iterator[Path]:
    if unused_seconds is None:
        return
    oldest = time.time() - max(unused_seconds, _BUILD_SECONDS)
    for wheel in sorted((cache.path / "projects").glob("[!.]*/*.whl")):
        with contextlib.suppress(FileNotFoundError):
            needed = set((cache.path / "wheels").glob(f"{wheel.parent.name}*")).difference(going)
            if wheel.parent.stat().st_mtime < oldest and not needed:
                yield wheel
