"""Which versions of which libraries made a model, from a single pass over its files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import astuple
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from jupyter_modelpack.analysis.made_with import Made
from jupyter_modelpack.analysis.pickle_files import pickles_in_file
from jupyter_modelpack.analysis.versions_in_files import versions
from jupyter_modelpack.analysis.versions_in_pickles import PickleScan
from jupyter_modelpack.oci.archive import ArchiveReader
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.files import write_file
from jupyter_modelpack.store.layout import Layout

FORMAT = 1
"""Raised when more is found in the same bytes, so that notes from before are not believed."""


class Reading:
    """A model that is being read.

    Attributes:
        found: What its files said so far.
    """

    def __init__(self) -> None:
        self.found: set[Made] = set()

    def pickles_in_layer(self, layer: BinaryIO) -> Iterator[Iterator[bytes]]:
        """Yield the chunks of each pickle in a layer, as `pickle_files` does, to look for more in them."""
        archive = ArchiveReader(layer)
        yield from self._pickles(archive.names(), lambda name: cast("BinaryIO", archive.open(name)))

    def pickles_in_files(self, entries: Iterable[tuple[str, Path]]) -> Iterator[Iterator[bytes]]:
        """Yield them of files that are not registered yet, named by their paths in the model."""
        paths = dict(entries)
        yield from self._pickles(list(paths), lambda name: paths[name].open("rb"))

    def _pickles(self, names: list[str], opened: Callable[[str], BinaryIO]) -> Iterator[Iterator[bytes]]:
        there = set(names)
        for name in names:
            path = PurePosixPath(name)
            with closing(opened(name)) as file:
                self.found.update(versions(file, name, there))
                file.seek(0)
                for chunks in pickles_in_file(file, path.suffix):
                    scan = PickleScan()
                    yield scan.passing(chunks)
                    self.found |= scan.found

    def keep(self, layer: Descriptor, cache: Layout) -> None:
        """Remember what was found in a layer."""
        rows = [astuple(made) for made in sorted(self.found)]
        write_file(_note(layer, cache), json.dumps(rows).encode())


def of_layer(layer: Descriptor, store: Layout, cache: Layout) -> frozenset[Made]:
    """Return what made the model in a layer; `cache` remembers it by its digest."""
    try:
        return _noted(_note(layer, cache))
    except (FileNotFoundError, ValueError, TypeError):  # a damaged note is no note
        reading = Reading()
    with store.blob_path(layer.digest).open("rb") as file:
        for chunks in reading.pickles_in_layer(file):
            _drain(chunks)
    reading.keep(layer, cache)
    return frozenset(reading.found)


def of_files(entries: Iterable[tuple[str, Path]]) -> frozenset[Made]:
    """Return what made a model that is not registered yet."""
    reading = Reading()
    for chunks in reading.pickles_in_files(entries):
        _drain(chunks)
    return frozenset(reading.found)


def _note(layer: Descriptor, cache: Layout) -> Path:
    return cache.path / "versions" / f"{layer.digest.hex}.{FORMAT}"


@lru_cache(maxsize=1024)
def _noted(path: Path) -> frozenset[Made]:
    return frozenset(Made(*row) for row in json.loads(path.read_bytes()))


def _drain(chunks: Iterator[bytes]) -> None:
    for _ in chunks:
        pass
