"""Read licences of packages and hashes of models' files from the layers of an image."""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any, BinaryIO

from packaging.utils import canonicalize_name

from jupyter_modelpack.image_contract import ENV_DIR
from jupyter_modelpack.limits import CHUNK, CONFIG_BYTES
from jupyter_modelpack.oci.archive import ArchiveReader
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.store.blobs import Blobs

_METADATA = re.compile(rf"{ENV_DIR[1:]}/lib/python[\d.]+/site-packages/[^/]+\.dist-info/METADATA")
_CLASSIFIER = "License :: "
_LONGEST = 120
"""Characters of a licence's name; some packages write the whole text there."""


def licences(image: Image) -> Mapping[str, list[dict[str, Any]]]:
    """Return the licence of each package in an image, in CycloneDX's form, by its canonical name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for layer in image.manifest.layers:
        for data in _metadata(image, layer):
            words = BytesHeaderParser().parsebytes(data)
            if known := _licences(words):
                found[canonicalize_name(str(words.get("Name", "")))] = known
    return found


def hashes(image: Image, layer: Descriptor) -> list[tuple[str, str]]:
    """Return path, below the model's version, and sha256 of each file in a model's layer; it is read and verified."""
    found = []
    with image.blobs.open_blob(layer) as stream:
        for entry, content in read_layer(stream):
            if content is not None:
                found.append(("/".join(entry.path.split("/")[5:]), _sha256(content)))
    return found


def _sha256(content: BinaryIO) -> str:
    state = hashlib.sha256()
    while chunk := content.read(CHUNK):
        state.update(chunk)
    return state.hexdigest()


def _metadata(image: Image, layer: Descriptor) -> Iterator[bytes]:
    """Yield the METADATA of what is installed in a layer; only headers and these are read, not all its bytes."""
    at_hand = image.blobs.find_blob(layer.digest) if isinstance(image.blobs, Blobs) else None
    if at_hand is None or layer.media_type != LAYER:
        return
    with Path(at_hand[0]).open("rb") as file:
        try:
            reader = ArchiveReader(file)
        except tarfile.TarError:  # no layer of ours: nothing is installed in it
            return
        for name in reader.names():
            if _METADATA.fullmatch(name):
                yield reader.read(name, CONFIG_BYTES) or b""


def _licences(words: Message) -> list[dict[str, Any]]:
    if expression := words.get("License-Expression"):
        return [{"expression": str(expression).strip()}]
    said = str(words.get("License", "")).strip()
    if said and said != "UNKNOWN" and "\n" not in said and len(said) <= _LONGEST:
        return [{"license": {"name": said}}]
    named = (str(one) for one in words.get_all("Classifier", []))
    last = [one.rpartition(" :: ")[2].strip() for one in named if one.startswith(_CLASSIFIER)]
    return [{"license": {"name": name}} for name in last if name != "OSI Approved"]
