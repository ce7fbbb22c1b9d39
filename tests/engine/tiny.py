"""A small real image: the tests' base image with `server.py` on top."""

from pathlib import Path

from jupyter_modelpack.image_contract import NAME_LABEL
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import CONFIG, LAYER, Manifest, canonical
from jupyter_modelpack.store.layout import Layout

SERVER = Path(__file__).with_name("server.py")


def image(base: Path, store: Path, note: str = "", **config: object) -> Image:
    """Make the image in a new store; `note` makes another image of it, `config` changes its config."""
    source, layout = Layout(base), Layout.create(store)
    below = source.image(next(iter(source.names().values())))
    layout.adopt_image(below, source)
    with layout.new_blob() as blob:
        writer = LayerWriter(blob)
        writer.file("app/server.py", SERVER.read_bytes())
        writer.file("app/note", note.encode())
        writer.close()
        layer = blob.commit(LAYER)
    settings = {
        "Cmd": ["python3", "/app/server.py"],
        "User": "65532:65532",
        "ExposedPorts": {"5001/tcp": {}},
        "Labels": {NAME_LABEL: "tiny"},
        "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1"],
        **config,
    }
    content = {
        "architecture": below.platform().architecture,
        "os": "linux",
        "created": "2025-01-01T00:00:00Z",
        "config": settings,
        "history": [{"created_by": "tests"} for _ in (*below.diff_ids(), layer)],  # Podman builds on nothing else
        "rootfs": {"type": "layers", "diff_ids": [*below.diff_ids(), layer.digest]},
    }
    known = layout.put_bytes(CONFIG, canonical(content))
    raw = Manifest(config=known, layers=(*below.manifest.layers, layer)).to_bytes()
    return Image.from_raw(raw, layout)
