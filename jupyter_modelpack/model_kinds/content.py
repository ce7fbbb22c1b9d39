"""The files of a model, wherever they lie: on disk, or in the layer of a registered one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from jupyter_modelpack.builder.recipe import ModelPart
from jupyter_modelpack.catalog.models.model_layer import layer_folder
from jupyter_modelpack.oci.archive import ArchiveReader
from jupyter_modelpack.store.layout import Layout


@dataclass(frozen=True, slots=True)
class Content:
    """Files by name.

    Attributes:
        names: Their paths below the model's version, ``ridge.pkl`` or ``folder/config.json``.
        open: Opens one of them.
    """

    names: tuple[str, ...]
    open: Callable[[str], BinaryIO]

    def head(self, name: str, size: int) -> bytes:
        """Return the first bytes of a file."""
        with self.open(name) as file:
            return file.read(size)


def of_files(entries: Sequence[tuple[str, Path]]) -> Content:
    """Return the files that `model_layer.gather` found."""
    paths = dict(entries)
    return Content(tuple(paths), lambda name: paths[name].open("rb"))


@contextmanager
def of_registered(part: ModelPart, store: Layout) -> Iterator[Content]:
    """Open the layer of a registered model."""
    prefix = f"{layer_folder(part.name, part.version)}/"
    with store.blob_path(part.layer.digest).open("rb") as file:
        archive = ArchiveReader(file)
        names = tuple(name.removeprefix(prefix) for name in archive.names() if name.startswith(prefix))
        yield Content(names, lambda name: cast("BinaryIO", archive.open(prefix + name)))
