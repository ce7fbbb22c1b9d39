"""A base image for the tests, made as `modelpack base` makes it, once, kept in `.cache/`."""

import shutil
import tempfile
from pathlib import Path

from jupyter_modelpack.builder.base_image.debian import host_python, make_base
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.store.layout import Layout
from tests.services import CACHE, only_one
from tests.services.packages import need


def layout() -> Path:
    """Give the folder of an OCI layout that holds this one image."""
    done = CACHE / f"base-{host_python()}"
    with only_one("base"):
        if not done.exists():
            need("mmdebstrap")
            CACHE.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=CACHE) as work:
                made = Path(work, "layout")
                make_base(host_python(), Platform(), Layout.create(made), Reporter())
                shutil.move(made, done)
    return done
