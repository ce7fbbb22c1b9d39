"""List the files of a wheel's layer, and its shared objects with their dependencies.

A layer is read once, when it is made; the result is cached by its digest.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

from jupyter_modelpack.builder.wheels.elf import MAGIC, SharedObject, read_elf
from jupyter_modelpack.oci.layer import files_in
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.files import write_file
from jupyter_modelpack.store.layout import Layout

_FORMAT = 1
"""Part of a note's name: raise it when a layer would be described otherwise."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The content of a layer.

    Attributes:
        files: Paths, relative to the root of the image.
        objects: Its shared objects by their paths.
    """

    files: frozenset[str]
    objects: tuple[tuple[str, SharedObject], ...]


def contents(layer: Descriptor, cache: Layout) -> Contents:
    """Return what a layer of the machine's cache holds."""
    path = cache.path / "contents" / f"{layer.digest.hex}-{_FORMAT}"
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError, KeyError):  # a damaged cache entry is ignored
        return _noted(path)
    found = _look(layer, cache)
    objects = [[path, *astuple(one)] for path, one in found.objects]
    write_file(path, json.dumps({"files": sorted(found.files), "objects": objects}).encode())
    return found


def read_files(layer: Descriptor, cache: Layout, *, verified: bool = True) -> Iterator[tuple[str, memoryview]]:
    """Yield path and content of each file of a layer, where they lie on disk.

    Args:
        layer: A layer that a `LayerWriter` made.
        cache: The machine's layout.
        verified: Whether the layer's digest is checked before, once per process.

    Raises:
        Untrusted: the layer is damaged.
    """
    return files_in(cache.map_blob(layer, verified=verified))


def _look(layer: Descriptor, cache: Layout) -> Contents:
    files, objects = [], []
    for path, content in read_files(layer, cache):
        files.append(path)
        if content[:4] == MAGIC and (found := read_elf(content)):
            objects.append((path, found))
    return Contents(frozenset(files), tuple(objects))


@lru_cache(maxsize=256)
def _noted(note: Path) -> Contents:
    said = json.loads(note.read_bytes())
    objects = ((path, SharedObject(name, tuple(needs), tuple(search))) for path, name, needs, search in said["objects"])
    return Contents(frozenset(said["files"]), tuple(objects))
