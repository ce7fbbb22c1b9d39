"""Whether loading a model's files on this machine may run what others wrote into them (threat-model.md T10).

Loading a pickle runs what is in it. So a proof, which loads the model here, is made only of models that this kernel has
registered itself, of files that are data alone, or where the user says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from jupyter_modelpack.analysis.pickle_files import pickles_in_file
from jupyter_modelpack.builder.recipe import ModelPart
from jupyter_modelpack.image_contract import LAYER_KIND, MODELS_LABEL
from jupyter_modelpack.oci.archive import ArchiveReader
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.layout import Layout

_DATA = frozenset(
    {".cbm", ".csv", ".json", ".md", ".npy", ".onnx", ".parquet", ".safetensors", ".toml", ".txt", ".ubj"}
)
"""Endings of files that are numbers and text, and run nothing when they are read; ``.bin`` may be a pickle."""

_registered_here: set[str] = set()


def note(layer: Descriptor) -> None:
    """Remember that this process has registered a model itself."""
    _registered_here.add(layer.digest)


def foreign(models: Iterable[ModelPart], store: Layout, *, own: bool) -> list[str]:
    """Return the models, as ``name:version``, whose files may run code of others when they are loaded.

    Args:
        models: The models of a package.
        store: Holds them.
        own: Whether what this process has registered was made in it: a kernel's own, not a command line's.

    """
    return [
        f"{model.name}:{model.version}"
        for model in models
        if not (own and model.layer.digest in _registered_here) and not _is_data(model.layer, store)
    ]


def foreign_in(image: Image, store: Layout) -> list[str]:
    """Return the models in an image, as ``name:version``, whose files may run code when they are loaded."""
    layers = [layer for layer in image.manifest.layers if layer.annotations.get(LAYER_KIND) == "model"]
    names = image.labels().get(MODELS_LABEL, "").split(",")
    return [
        names[number] if number < len(names) else f"model {number + 1}"
        for number, layer in enumerate(layers)
        if layer.digest not in _registered_here and not _is_data(layer, store)
    ]


def _is_data(layer: Descriptor, store: Layout) -> bool:
    with store.blob_path(layer.digest).open("rb") as file:
        archive = ArchiveReader(file)
        for name in archive.names():
            if PurePosixPath(name).suffix not in _DATA:
                return False
            with cast("BinaryIO", archive.open(name)) as member:
                if any(True for _ in pickles_in_file(member, "")):
                    return False
    return True
