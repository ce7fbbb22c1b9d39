"""Write an image's files into a folder, to run it without a container.

Layers above the base image are each unpacked once; environments (one per set of layers) and apps with models (one
per image) are hard links to these files. The interpreter is this machine's, of the same minor version; everything
else is byte for byte what a container would see. Before each start the app and the scoring server are compared with the
image by their content, packages and models by size and time.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from jupyter_modelpack import home
from jupyter_modelpack.builder.local_run.run_folders import APPS, ENVIRONMENTS, LAYERS, folder, once, renew
from jupyter_modelpack.builder.local_run.sealed_folder import link_tree
from jupyter_modelpack.builder.skeleton_layer import pyvenv_config
from jupyter_modelpack.builder.wheels.interpreter import need_interpreter
from jupyter_modelpack.engine.base import LocalProgram
from jupyter_modelpack.errors import NotFound, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import (
    APP_ROOT,
    ENV_DIR,
    HOST_VARIABLE,
    LAYER_KIND,
    PORT_VARIABLE,
    PYTHON_LABEL,
    SERVER,
    USES_BASE_LABEL,
)
from jupyter_modelpack.limits import CHUNK
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.oci.unpack import unpack

_EXACT = {"server", "app"}
"""Kinds of layers that are compared by content before each start: they are small, and run with the user's rights."""

CONTAINER_ONLY = {"PATH", "HOME", "USER", "VIRTUAL_ENV", HOST_VARIABLE, PORT_VARIABLE, "SSL_CERT_FILE"}
"""Variables that refer to the container's file system or network."""


def prepare(image: Image, report: Reporter) -> LocalProgram:
    """Write what `image` needs to run as a local process; return how to start it.

    Raises:
        UsageError: the image is not one of ours, or needs a container.
        NotFound: this machine has no Python of the image's minor version.
    """
    labels = image.labels()
    python = labels.get(PYTHON_LABEL)
    if not python:
        raise UsageError("This image was not packaged here: only a container engine can run it.", code="not-ours")
    interpreter = need_interpreter(python, report)
    if interpreter is None:
        raise NotFound(
            f"The image needs Python {python}, and this machine has none.",
            hint=f"Install Python {python}, or use a container engine.",
            code="no-python",
        )
    layers = [layer for layer in image.manifest.layers if LAYER_KIND in layer.annotations]
    if labels.get(USES_BASE_LABEL):
        raise UsageError(
            "This image's environment is partly in its base image, which only a container has.",
            hint="Run it with Docker or Podman.",
            code="needs-engine",
        )
    env = _environment(
        image,
        [layer for layer in layers if layer.annotations[LAYER_KIND] in {"dependencies", "server"}],
        python,
        interpreter,
        report,
    )
    app = _app(image, [layer for layer in layers if layer.annotations[LAYER_KIND] in {"model", "app"}], report)
    return LocalProgram(
        argv=[str(env / "bin" / "python"), "-m", SERVER],
        cwd=app,
        fixed=home.processes(),
        env={name: _moved(value, app) for name, value in image.variables().items() if name not in CONTAINER_ONLY},
    )


def _moved(value: str, app: Path) -> str:
    inside = value == APP_ROOT or value.startswith(f"{APP_ROOT}/")
    return f"{app}{value[len(APP_ROOT) :]}" if inside else value


def _environment(image: Image, layers: Sequence[Descriptor], python: str, interpreter: str, report: Reporter) -> Path:
    key = hashlib.sha256("\n".join([interpreter, *(layer.digest for layer in layers)]).encode()).hexdigest()[:16]

    def finish(place: Path) -> None:
        report.log("Writing out the environment (once for these packages)")
        bin_ = place / "bin"
        bin_.mkdir(exist_ok=True)
        real = os.path.realpath(interpreter)
        for name in ("python", "python3", f"python{python}"):
            (bin_ / name).symlink_to(real)
        config = place / "pyvenv.cfg"
        config.unlink(missing_ok=True)  # never modified: a layer's files are hard-linked elsewhere
        config.write_text(pyvenv_config(PurePosixPath(real), system_packages=False))

    return _tree(folder(ENVIRONMENTS, key), image, layers, f"{ENV_DIR[1:]}/", finish, report)


def _app(image: Image, layers: Sequence[Descriptor], report: Reporter) -> Path:
    place = folder(APPS, image.digest.hex[:16])
    return _tree(place, image, layers, f"{APP_ROOT[1:]}/", lambda _place: None, report)


def _tree(
    path: Path,
    image: Image,
    layers: Sequence[Descriptor],
    prefix: str,
    finish: Callable[[Path], None],
    report: Reporter,
) -> Path:
    """Combine layers in one folder, as in the image."""

    def fill(place: Path) -> None:
        total, done = sum(layer.size for layer in layers), 0
        for layer in layers:  # the upper layer's file wins
            link_tree(_layer(image, layer, prefix, report), place)
            done += layer.size
            report.progress("writing out", done, total)
        finish(place)

    once(path, fill, report.log)
    for layer in layers:
        if wrong := _wrong(image, layer, prefix, path):
            renew(path, fill, wrong, report.log)
    return path


def _layer(image: Image, layer: Descriptor, prefix: str, report: Reporter) -> Path:
    """Unpack a layer, once."""

    def fill(place: Path) -> None:
        with image.blobs.open_blob(layer) as stream:
            unpack(stream, prefix, place)

    path = folder(LAYERS, hashlib.sha256(f"{prefix}\n{layer.digest}".encode()).hexdigest()[:16])
    once(path, fill, report.log)
    if wrong := _wrong(image, layer, prefix, path):
        renew(path, fill, wrong, report.log)
    return path


def _wrong(image: Image, layer: Descriptor, prefix: str, place: Path) -> list[str]:
    """Return the files whose content differs from the image's layer."""
    if layer.annotations[LAYER_KIND] not in _EXACT:
        return []
    with image.blobs.open_blob(layer) as stream:
        found = [
            name
            for entry, content in read_layer(stream)
            if content and (name := entry.path.removeprefix(prefix)) != entry.path and not _is(place / name, content)
        ]
        while stream.read(CHUNK):  # to its end, so that the layer itself is verified
            pass
    return found


def _is(path: Path, content: BinaryIO) -> bool:
    with path.open("rb") as file:
        same = True
        while piece := content.read(CHUNK):
            same = same and file.read(len(piece)) == piece
        return same and not file.read(1)
