"""Which layers the images of a store hold, and so which models.

An image holds it when one of its layers is the model's; a name does not matter, so a retagged image
counts too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import INDEX_TYPES, Descriptor
from jupyter_modelpack.store.layout import Layout

OURS = ("models/", "environments/", "azureml/")
"""Repositories that hold no packaged images; `image_name` may not begin so (ARCHITECTURE.md)."""


def layers_of(store: Layout, named: Mapping[str, Descriptor]) -> Iterator[tuple[str, set[Digest]]]:
    """Yield the name and the layers of each packaged image among `named`, in their order."""
    for name, entry in named.items():
        if name and not name.startswith(OURS) and entry.media_type not in INDEX_TYPES:
            yield name, {part.digest for part in store.image(entry).manifest.layers}
