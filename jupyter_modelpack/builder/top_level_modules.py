"""List the top-level modules of a layer of dependencies.

Walking the tar of a large wheel takes as long as a build that changes nothing, so the result is cached by
the layer's digest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from jupyter_modelpack.oci.archive import ArchiveReader
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.files import write_file
from jupyter_modelpack.store.layout import Layout

_SITE = re.compile(r"/site-packages/(?P<module>[^\W\d]\w*)(?:/|\.pyc?$|\.(?:[\w-]+\.)?so$)")
"""A module may be its bytecode alone, where its source would be; what lies in ``__pycache__`` needs the source."""

_FORMAT = 2
"""Part of a note's name: raise it when other modules would be found in a layer."""


def provided(layer: Descriptor, store: Layout, cache: Layout) -> frozenset[str]:
    """Return the top-level modules in a layer of `store`, cached in `cache`."""
    path = _path(cache, layer)
    try:
        return _noted(path)
    except (FileNotFoundError, ValueError, TypeError):  # a damaged cache entry is ignored
        with store.blob_path(layer.digest).open("rb") as file:
            found = modules_of(ArchiveReader(file).names())
    write_file(path, json.dumps(sorted(found)).encode())
    return found


@lru_cache(maxsize=1024)
def _noted(path: Path) -> frozenset[str]:
    return frozenset(json.loads(path.read_bytes()))


def modules_of(names: Iterable[str]) -> frozenset[str]:
    """Return the top-level modules among the paths of a layer."""
    return frozenset(match["module"] for name in names if (match := _SITE.search(name)))


def _path(cache: Layout, layer: Descriptor) -> Path:
    return cache.path / "modules" / f"{layer.digest.hex}-{_FORMAT}"
