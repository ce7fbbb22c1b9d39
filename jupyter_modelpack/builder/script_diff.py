"""Compare two images whose app alone may differ, so that a running service can be reloaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from jupyter_modelpack.engine.reload import MORE
from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.image_contract import APP_ROOT, LAYER_KIND
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import read_layer

_MOST = 16 << 20
"""Most bytes of an app that a reload sends, which are held in memory."""


def newer_script(running: Image, newer: Image) -> Mapping[str, bytes]:
    """Return the app's files of `newer`, by path in the app's folder, for a service that runs `running`.

    All files are returned, not only changed ones, since modules find others by their own path.

    Raises:
        Conflict: more has changed than Python files of the app, or the app is too large.

    """
    if _below(running) != _below(newer):
        raise _more("packages, models or the base image")
    if _below(running, whole=True) != _below(newer, whole=True):
        raise _more("the scoring server, which is that of another release of modelpack")
    if running.config().get("config") != newer.config().get("config"):
        raise _more("the image's settings, variables or sample")
    old, new = _app(running), _app(newer)
    for path in sorted({*old, *new}):
        if path not in new:
            raise _more(f"{path}, which is gone")
        if old.get(path) != new[path] and not path.endswith(".py"):
            raise _more(path)
    return {
        str(PurePosixPath("/", path).relative_to(APP_ROOT)): content
        for path, content in new.items()
        if path.startswith(f"{APP_ROOT[1:]}/")
    }


def _below(image: Image, *, whole: bool = False) -> list[Digest]:
    """Return the layers below the app: without the scoring server's, or the whole list."""
    layers = image.manifest.layers[:-1]
    return [layer.digest for layer in layers if whole or layer.annotations.get(LAYER_KIND) != "server"]


def _more(what: str) -> Conflict:
    return Conflict(
        f"The package differs from what runs in more than its script: {what}.",
        hint="Start it again with: run --replace.",
        code=MORE,
    )


def _app(image: Image) -> dict[str, bytes]:
    layer = image.manifest.layers[-1]
    if layer.size > _MOST:
        raise _more(f"its files take {layer.size} bytes, which is too much to lay over them")
    with image.blobs.open_blob(layer) as stream:
        return {entry.path: content.read() for entry, content in read_layer(stream) if content is not None}
