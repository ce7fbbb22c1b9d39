"""Compile the standard library of base images without bytecode.

The official slim images of Python delete theirs, and Debian's packages compile it in maintainer scripts. A service
that runs as an unprivileged user then compiles dozens of modules at every start, before its model is loaded.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath

from jupyter_modelpack.builder.base_image.layer_files import layer_files
from jupyter_modelpack.builder.base_image.resolve import BaseImage
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.bytecode import Compilers, bytecode_path
from jupyter_modelpack.builder.wheels.layer_cache import WheelLayer, find_layer, keep_layer
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import LIBRARY_BYTES
from jupyter_modelpack.oci.layer import LayerWriter, check_path
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.store.layout import Layout

TITLE = "bytecode of Python's own modules"

_FORMAT = 2
"""Part of every layer's key: raise it when the same base image would give other bytes."""

_SKIPPED = {"ensurepip", "idlelib", "lib2to3", "tkinter", "turtledemo", "site-packages", "dist-packages"}
"""Folders that no service imports, or whose files belong to other packages."""

EMPTY = 1024
"""Size of an empty layer, the end of an archive, which is not added to images."""

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
"""Prefix of whiteouts and name of opaque whiteouts (layer.md, Whiteouts)."""


def library_layer(base: BaseImage, target: BuildTarget, cache: Layout, report: Reporter) -> WheelLayer | None:
    """Return the layer of bytecode for a base image; None where it needs none, or no interpreter can compile.

    It is made once for a base image, and depends on that and the Python version alone.

    Raises:
        BuildFailed: the compiling interpreter has crashed.
        Untrusted: a layer of the base image is no readable archive.
    """
    if target.compiler is None:
        return None
    key = _key(base, target)
    found = find_layer(cache, key)
    layer = WheelLayer(TITLE, found or keep_layer(cache, key, _make(base, target, cache, report)), reused=bool(found))
    return layer if layer.descriptor.size > EMPTY else None


def kept_library(base: BaseImage, target: BuildTarget, cache: Layout) -> Descriptor | None:
    """Return the layer if it is cached, else None; an `EMPTY` one is not added to images."""
    return find_layer(cache, _key(base, target))


def _key(base: BaseImage, target: BuildTarget) -> str:
    return f"library-{base.image.digest.hex}-{target.python}-{_FORMAT}"


def _make(base: BaseImage, target: BuildTarget, cache: Layout, report: Reporter) -> Descriptor:
    sources = _sources(base, target, report)
    folder = _folder(base, target)
    with Compilers(target, report) as compilers:
        made = compilers.compile(sources.items(), folder)
    # The base image has these folders, with its own owners and modes.
    existing = {f"{folder}/{parent}".removesuffix("/.") for path in sources for parent in PurePosixPath(path).parents}
    existing |= {str(parent) for parent in PurePosixPath(folder).parents}
    with cache.new_blob() as blob:
        layer = LayerWriter(blob, frozenset(existing))
        for path, code in sorted(made.items()):
            layer.file(f"{folder}/{path}", code)
        layer.close()
        return blob.commit(LAYER)


def _sources(base: BaseImage, target: BuildTarget, report: Reporter) -> dict[str, bytes]:
    """Return the modules without bytecode, by their path in the library's folder."""
    prefix = f"{_folder(base, target)}/"
    sources: dict[str, bytes] = {}
    compiled: set[str] = set()
    left = LIBRARY_BYTES
    for layer in base.image.manifest.layers:
        report.check()
        for entry in layer_files(base.image, layer, report.check):
            if not entry.path.startswith(prefix):
                continue
            path = entry.path.removeprefix(prefix)
            name = posixpath.basename(path)
            if name.startswith(_WHITEOUT):
                for gone in _below(sources, path, name):
                    del sources[gone]
            elif path.endswith(".pyc"):
                compiled.add(path)
            elif path.endswith(".py") and _SKIPPED.isdisjoint(path.split("/")):
                sources.pop(path, None)
                left -= entry.info.size
                if entry.info.isreg() and left >= 0:
                    sources[check_path(path)] = entry.read()
    return {path: source for path, source in sources.items() if bytecode_path(path, target) not in compiled}


def _below(sources: dict[str, bytes], path: str, name: str) -> Iterator[str]:
    folder = posixpath.dirname(path)
    gone = folder if name == _OPAQUE else posixpath.join(folder, name.removeprefix(_WHITEOUT))
    yield from [one for one in sources if one == gone or one.startswith(f"{gone}/") or not gone]


def _folder(base: BaseImage, target: BuildTarget) -> str:
    """Return where the library lies, relative to the root of the image: beside the interpreter's ``bin``."""
    prefix = PurePosixPath(base.python.interpreter).parent.parent
    return f"{prefix}/lib/python{target.python}".lstrip("/")
