"""Small images to serve, push and pull."""

import functools
import io
import random
from pathlib import Path

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, MANIFEST, Manifest, canonical
from jupyter_modelpack.store.layout import Layout


@functools.cache
def layer(seed: int, size: int) -> bytes:
    """A tar with one file of random bytes, the same for the same seed."""
    out = io.BytesIO()
    writer = LayerWriter(out)
    writer.file(f"data/{seed}", io.BytesIO(random.Random(seed).randbytes(size)), size, shared=True)
    writer.close()
    return out.getvalue()


def put_image(layout: Layout, name: str, *layers: bytes) -> Image:
    """Put an image of these layers into a layout under a name."""
    described = [layout.put_bytes(LAYER, data) for data in layers]
    config = layout.put_bytes(
        CONFIG,
        canonical(
            {
                "architecture": "amd64",
                "os": "linux",
                "created": "2026-01-02T03:04:05Z",
                "config": {"Cmd": ["/nothing"]},
                "rootfs": {"type": "layers", "diff_ids": [Digest.of(data) for data in layers]},
            }
        ),
    )
    descriptor = layout.put_bytes(MANIFEST, Manifest(config, tuple(described)).to_bytes())
    layout.tag(name, descriptor)
    return layout.image(descriptor)


def sample(path: Path, repository: str = "package") -> tuple[Layout, Image]:
    """A layout with one image of a small and a larger layer, tagged 1, 2 and 3."""
    layout = Layout.create(path)
    for tag in ("1", "2", "3"):
        image = put_image(layout, f"{repository}:{tag}", layer(1, 100), layer(2, 3_000_000))
    return layout, image
