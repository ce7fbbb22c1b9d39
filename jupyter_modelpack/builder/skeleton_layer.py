"""Make the skeleton layer: an empty environment on the base image's Python, and the app's folders.

The environment has the form of a venv (``pyvenv.cfg``, PEP 405), so console scripts, ``.pth`` files
and `importlib.metadata` work as anywhere.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import PurePosixPath

from jupyter_modelpack.builder.base_image.find_python import ImagePython
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.image_contract import ENV_DIR
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.store.layout import Layout


def skeleton_layer(
    target: BuildTarget, python: ImagePython, store: Layout, *, system_packages: bool
) -> tuple[Descriptor, bool]:
    """Write the layer; return it, and whether the store had it.

    Args:
        target: What the environment is laid out for.
        python: The base image's interpreter.
        store: The layout to write to.
        system_packages: Whether packages of the base image are seen too; so it is where the base
            was made to bring them (conda, a Dockerfile of the user's).
    """
    data = _layer(target, python.interpreter, system_packages)
    reused = store.has_blob(Digest.of(data))
    return store.put_bytes(LAYER, data), reused


@lru_cache(maxsize=8)
def _layer(target: BuildTarget, interpreter: str, system_packages: bool) -> bytes:
    env = ENV_DIR[1:]
    out = io.BytesIO()
    layer = LayerWriter(out)
    for folder in sorted(target.folders):
        layer.directory(folder)
    for name in ("python", "python3", f"python{target.python}"):
        layer.symlink(f"{env}/bin/{name}", interpreter)
    layer.symlink(f"{env}/lib64", "lib")
    layer.file(f"{env}/pyvenv.cfg", pyvenv_config(PurePosixPath(interpreter), system_packages).encode())
    layer.close()
    return out.getvalue()


def pyvenv_config(interpreter: PurePosixPath, system_packages: bool) -> str:
    """Return the text of ``pyvenv.cfg`` for an interpreter (PEP 405)."""
    seen = "true" if system_packages else "false"
    return f"home = {interpreter.parent}\ninclude-system-site-packages = {seen}\n"
