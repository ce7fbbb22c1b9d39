"""The skeleton layer: an empty environment on the base image's Python, and the app's folders.

The environment has the form of a venv (``pyvenv.cfg``, PEP 405), so console scripts, ``.pth`` files
and `importlib.metadata` work as anywhere.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from jupyter_modelpack.build.python_in_image import ImagePython
from jupyter_modelpack.build.recipe import ENV_DIR
from jupyter_modelpack.build.target import Target
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.store.layout import Layout


def skeleton_layer(
    target: Target, python: ImagePython, store: Layout, *, system_packages: bool
) -> tuple[Descriptor, bool]:
    """Write the layer; return it, with whether the store had it.

    Args:
        target: What the environment is laid out for.
        python: The base image's interpreter.
        store: Where the layer goes.
        system_packages: Whether packages of the base image are seen too; so it is where the base
            was made to bring them (conda, a Dockerfile of the user's).
    """
    env = ENV_DIR[1:]
    with store.new_blob() as blob:
        layer = LayerWriter(blob)
        for folder in sorted(target.folders):
            layer.directory(folder)
        for name in ("python", "python3", f"python{target.python}"):
            layer.symlink(f"{env}/bin/{name}", python.interpreter)
        layer.symlink(f"{env}/lib64", "lib")
        layer.file(f"{env}/pyvenv.cfg", pyvenv_config(PurePosixPath(python.interpreter), system_packages).encode())
        layer.close()
        reused = store.has_blob(blob.digest)
        return blob.commit(LAYER), reused


def pyvenv_config(interpreter: PurePosixPath, system_packages: bool) -> str:
    """Return the text of ``pyvenv.cfg`` for an interpreter (PEP 405)."""
    seen = "true" if system_packages else "false"
    return f"home = {interpreter.parent}\ninclude-system-site-packages = {seen}\n"
