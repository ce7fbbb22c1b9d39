"""Whether loading a model's files on this machine may run what others wrote into them (threat-model.md T10).

Loading a pickle runs what is in it. So a proof, which loads the model here, is made only of models that are objects of
this kernel, of files that are data alone, or where the user says so. What is not known to be data is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from jupyter_modelpack.builder.recipe import ModelPart
from jupyter_modelpack.image_contract import LAYER_KIND, MODELS_LABEL
from jupyter_modelpack.oci.archive import ArchiveReader
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.layout import Layout

# What such a file begins with, which no pickle does that can be loaded.
_DATA = {
    ".cbm": re.compile(rb"CBM1"),
    ".json": re.compile(rb"\s{0,99}[\[{]"),
    ".npy": re.compile(rb"\x93NUMPY[\x01-\x03]\x00.{2,4}\{'descr': '[<>|=][biufcSU]\d{1,9}', ", re.DOTALL),
    ".onnx": re.compile(rb"\x08[\x01-\x40]"),
    ".parquet": re.compile(rb"PAR1"),
    ".safetensors": re.compile(rb".{6}\x00\x00\{", re.DOTALL),
    ".txt": re.compile(rb"tree\nversion=v\d"),
    ".ubj": re.compile(rb"\{"),
}
"""By the ending of a file that is numbers and text alone, and runs nothing when it is read."""

_HEAD = 256

_own: set[str] = set()


def note(layer: Descriptor) -> None:
    """Remember that a model's layer was written of an object of this kernel."""
    _own.add(layer.digest)


def foreign(models: Iterable[ModelPart], store: Layout) -> list[str]:
    """Return the models, as ``name:version``, whose files may run code of others when they are loaded.

    Args:
        models: The models of a package.
        store: Holds them.

    """
    return [f"{model.name}:{model.version}" for model in models if not _is_trusted(model.layer, store)]


def foreign_in(image: Image, store: Layout) -> list[str]:
    """Return the models in an image, as ``name:version``, whose files may run code of others when they are loaded."""
    layers = [layer for layer in image.manifest.layers if layer.annotations.get(LAYER_KIND) == "model"]
    names = image.labels().get(MODELS_LABEL, "").split(",")
    return [
        names[number] if number < len(names) else f"model {number + 1}"
        for number, layer in enumerate(layers)
        if not _is_trusted(layer, store)
    ]


def _is_trusted(layer: Descriptor, store: Layout) -> bool:
    if layer.digest in _own:
        return True
    with store.blob_path(layer.digest).open("rb") as file:
        archive = ArchiveReader(file)
        for name in archive.names():
            beginning = _DATA.get(PurePosixPath(name).suffix)
            with cast("BinaryIO", archive.open(name)) as member:
                if beginning is None or not beginning.match(member.read(_HEAD)):
                    return False
    return True
