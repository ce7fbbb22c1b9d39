"""Read the lock that an image contains."""

from __future__ import annotations

from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.image_contract import LOCK_PATH
from jupyter_modelpack.limits import CONFIG_BYTES
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import Descriptor


def lock_in(image: Image) -> str:
    """Return the text of the pylock.toml in an image of ours, from its uppermost layer.

    Raises:
        UsageError: the image is not one of ours.
    """
    return member(image, image.manifest.layers[-1], LOCK_PATH[1:]) if image.manifest.layers else _not_ours(LOCK_PATH)


def member(image: Image, layer: Descriptor, path: str) -> str:
    """Return a small text file of a layer; raise `UsageError` when it is not there."""
    with image.blobs.open_blob(layer) as stream:
        for entry, content in read_layer(stream):
            if entry.path == path and content is not None and entry.size <= CONFIG_BYTES:
                return content.read().decode()
    return _not_ours(f"/{path}")


def _not_ours(path: str) -> str:
    raise UsageError(f"The image has no {path}.", hint="Take one that was packaged by modelpack.", code="not-ours")
