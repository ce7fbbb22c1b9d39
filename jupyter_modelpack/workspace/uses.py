"""Which images of a store hold a model.

An image holds it when one of its layers is the model's; a name does not matter, so a retagged image
counts too.
"""

from __future__ import annotations

from jupyter_modelpack.oci.manifest import INDEX_TYPES, Descriptor
from jupyter_modelpack.store.layout import Layout

OURS = ("models/", "environments/", "azureml/")
"""Repositories that hold no packaged images; `image_name` may not begin so (ARCHITECTURE.md)."""


def images_with(store: Layout, layer: Descriptor) -> list[str]:
    """Return the names of the images that hold `layer`, oldest first."""
    found = []
    for name, entry in store.names().items():
        if name.startswith(OURS) or entry.media_type in INDEX_TYPES:
            continue
        held = [part.digest for part in store.image(entry).manifest.layers]
        if layer.digest in held:
            found.append(name)
    return found
