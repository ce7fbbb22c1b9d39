"""An image's files as a folder, for running it without a container.

What the image adds to its base is written out once for each state: the environment (by its layers)
and the app with its models (by the image). The interpreter is this machine's, of the same minor
version; everything else is byte for byte what a container would see.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from jupyter_modelpack.build.config import USES_BASE
from jupyter_modelpack.build.folders import APPS, ENVIRONMENTS, folder, once
from jupyter_modelpack.build.interpreter import need_interpreter
from jupyter_modelpack.build.local import KIND
from jupyter_modelpack.build.recipe import APP_ROOT, ENV_DIR
from jupyter_modelpack.build.server_layer import SERVER
from jupyter_modelpack.build.skeleton import pyvenv_config
from jupyter_modelpack.engine.base import LABEL, LocalProgram
from jupyter_modelpack.errors import NotFound, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.oci.unpack import unpack

_CONTAINER_ONLY = {"PATH", "HOME", "USER", "VIRTUAL_ENV", "MODELPACK_HOST", "MODELPACK_PORT", "SSL_CERT_FILE"}
"""Variables of the image that speak of the container's own file system or network."""


def prepare(image: Image, report: Reporter) -> LocalProgram:
    """Write out what `image` needs to run as a local process; return how to start it.

    Raises:
        UsageError: the image is not one of ours, or needs what only a container has.
        NotFound: this machine has no Python of the image's minor version.
    """
    labels = image.labels()
    python = labels.get(f"{LABEL}.python")
    if not python:
        raise UsageError("This image was not packaged here: only a container engine can run it.", code="not-ours")
    interpreter = need_interpreter(python, report)
    if interpreter is None:
        raise NotFound(
            f"The image needs Python {python}, and this machine has none.",
            hint=f"Install Python {python}, or use a container engine.",
            code="no-python",
        )
    layers = [layer for layer in image.manifest.layers if KIND in layer.annotations]
    if labels.get(USES_BASE):
        raise UsageError(
            "This image's environment is partly in its base image, which only a container has.",
            hint="Run it with Docker or Podman.",
            code="needs-engine",
        )
    env = _environment(
        image,
        [layer for layer in layers if layer.annotations[KIND] in {"dependencies", "server"}],
        python,
        interpreter,
        report,
    )
    app = _app(image, [layer for layer in layers if layer.annotations[KIND] in {"model", "app"}], report)
    return LocalProgram(
        argv=[str(env / "bin" / "python"), "-m", SERVER],
        cwd=app,
        env={name: _moved(value, app) for name, value in image.variables().items() if name not in _CONTAINER_ONLY},
    )


def _moved(value: str, app: Path) -> str:
    inside = value == APP_ROOT or value.startswith(f"{APP_ROOT}/")
    return f"{app}{value[len(APP_ROOT) :]}" if inside else value


def _environment(image: Image, layers: Iterable[Descriptor], python: str, interpreter: str, report: Reporter) -> Path:
    layers = list(layers)
    key = hashlib.sha256("\n".join([interpreter, *(layer.digest for layer in layers)]).encode()).hexdigest()[:16]

    def fill(place: Path) -> None:
        report.log("Writing out the environment (once for these packages)")
        _unpack(image, layers, f"{ENV_DIR[1:]}/", place, report)
        bin_ = place / "bin"
        bin_.mkdir(exist_ok=True)
        real = os.path.realpath(interpreter)
        for name in ("python", "python3", f"python{python}"):
            (bin_ / name).symlink_to(real)
        (place / "pyvenv.cfg").write_text(pyvenv_config(PurePosixPath(real), system_packages=False))

    return once(folder(ENVIRONMENTS, key), fill)


def _app(image: Image, layers: Iterable[Descriptor], report: Reporter) -> Path:
    layers = list(layers)
    key = image.digest.hex[:16]
    return once(folder(APPS, key), lambda place: _unpack(image, layers, f"{APP_ROOT[1:]}/", place, report))


def _unpack(image: Image, layers: list[Descriptor], prefix: str, folder: Path, report: Reporter) -> None:
    total, done = sum(layer.size for layer in layers), 0
    for layer in layers:
        with image.blobs.open_blob(layer) as stream:
            unpack(stream, prefix, folder, overwrite=True)  # of two layers that hold a file, the upper one's
        done += layer.size
        report.progress("writing out", done, total)
