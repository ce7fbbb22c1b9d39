"""Make the layer of the scoring server: our subpackage `scoring` under the name it has in images."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath

from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.bytecode import Compilers
from jupyter_modelpack.builder.wheels.layer_cache import FORMAT, WheelLayer, find_layer, keep_layer
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import SERVER
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.store.layout import Layout

_SCORING = Path(__file__).parent.parent / "scoring"


def server_requirements() -> list[str]:
    """Return the scoring server's requirements."""
    lines = (_SCORING / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def server_files() -> dict[str, bytes]:
    """Return the server's modules by their path in its package."""
    return _read(tuple(_states(str(_SCORING))))


def _states(folder: str) -> Iterator[tuple[str, int, int, int]]:
    """Yield each module with its modification time and size."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name.endswith(".py"):
            state = entry.stat()
            yield entry.path, state.st_ino, state.st_size, state.st_mtime_ns
        elif entry.is_dir():
            yield from _states(entry.path)


@lru_cache(maxsize=1)
def _read(states: tuple[tuple[str, int, int, int], ...]) -> dict[str, bytes]:
    paths = sorted(Path(path) for path, *_ in states)
    return {str(path.relative_to(_SCORING)): path.read_bytes() for path in paths}


def server_layer(target: BuildTarget, cache: Layout, report: Reporter) -> WheelLayer:
    """Return the server's layer, written once for each state of its source."""
    files = server_files()
    key = _key(files, target)
    found = find_layer(cache, key)
    if found:
        return WheelLayer("scoring server", found, reused=True)
    shipped = {f"{SERVER}/{name}": content for name, content in files.items()}
    with Compilers(target, report) as compilers:
        shipped |= compilers.compile(shipped.items())
    with cache.new_blob() as blob:
        layer = LayerWriter(blob, target.folders)
        for name, content in sorted(shipped.items(), key=lambda item: PurePosixPath(item[0])):
            layer.file(f"{target.site_packages}/{name}", content)
        layer.close()
        descriptor = blob.commit(LAYER)
    keep_layer(cache, key, descriptor)
    return WheelLayer("scoring server", descriptor, reused=False)


def kept_server(target: BuildTarget, cache: Layout) -> Descriptor | None:
    """Return the server's layer if it is cached, else None."""
    return find_layer(cache, _key(server_files(), target))


def _key(files: Mapping[str, bytes], target: BuildTarget) -> str:
    return f"server-{_digest(tuple(files.items()))}-{target.key}-{FORMAT}"


@lru_cache(maxsize=2)
def _digest(files: tuple[tuple[str, bytes], ...]) -> str:
    state = hashlib.sha256()
    for name, content in files:
        state.update(f"{name}\0{len(content)}\0".encode() + content)
    return state.hexdigest()
