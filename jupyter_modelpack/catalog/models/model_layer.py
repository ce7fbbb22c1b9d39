"""A model's files on their way into and out of the store.

They are read once and written once: straight into the layer that every image with this model holds
(ARCHITECTURE.md, layer 4). Nothing here looks inside a file, so nothing is ever unpickled.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_modelpack.builder.context.source_files import check_unchanged, inside, open_regular, walk
from jupyter_modelpack.errors import PathNotFound, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import MODELS_DIR
from jupyter_modelpack.limits import NAME_BYTES
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.oci.unpack import unpack
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.os_errors import disk_errors


@dataclass(frozen=True, slots=True)
class Files:
    """What a model path stands for.

    Attributes:
        root: The file's or folder's own name, which stays part of the path (azure-differences.md 3.2).
        folder: Whether it is a folder.
        entries: Path below the model's version, where it lies; sorted.
    """

    root: str
    folder: bool
    entries: tuple[tuple[str, Path], ...]


def gather(model_path: str | os.PathLike[str], child_paths: Sequence[str] | None = None) -> Files:
    """Find the files of a model path; raise `PathNotFound` or `UsageError` before anything is written.

    Args:
        model_path: A file or a folder anywhere; a link to one is followed.
        child_paths: Files and folders below `model_path` that alone are taken.

    """
    text = os.fspath(model_path)
    if text.startswith(("http://", "https://", "wasb://", "wasbs://")):
        raise UsageError(f"{text} is a URL: register a local file or folder.", hint="Download it first.")
    path = Path(os.path.abspath(text))  # noqa: PTH100 - a link keeps its own name
    if not path.exists():
        raise PathNotFound(
            f'Error, provided model path "{text}" cannot be found: there is no {path}.',
            hint=_nearby(path),
        )
    name = path.name
    if not name or len(os.fsencode(name)) > NAME_BYTES:
        raise UsageError(f"{path} has no name that a model's folder could keep.")
    if path.is_dir():
        entries = tuple((f"{name}/{below}", source) for below, source in _children(path, child_paths))
        if not entries:
            raise UsageError(f"{path} holds no files.", code="empty-model")
        return Files(name, folder=True, entries=entries)
    if child_paths:
        raise UsageError(f"child_paths needs model_path to be a folder, and {path} is a file.")
    with disk_errors(path, f"{path}", "read"), open_regular(path):  # a pipe or a device says so now
        return Files(name, folder=False, entries=((name, Path(os.path.realpath(path))),))


def _nearby(path: Path) -> str:
    """Say what is there instead, which mostly is the answer."""
    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder {folder}."
    there = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))[:8]
    return f"In {folder} there are: {', '.join(there) or 'no files'}."


def _children(folder: Path, child_paths: Sequence[str] | None) -> Iterator[tuple[str, Path]]:
    if child_paths is None:
        yield from walk(folder)
        return
    chosen = [os.path.normpath(child) for child in child_paths]
    for child in chosen:
        if not (folder / child).exists():
            raise PathNotFound(f'Error, provided child path "{child}" cannot be found.', hint=f"Not in {folder}.")
        inside(folder / child, folder)
    for below, source in walk(folder):
        if any(child in {".", below} or below.startswith(f"{child}/") for child in chosen):
            yield below, source


def write_layer(store: Layout, name: str, version: int, files: Files, report: Reporter) -> Descriptor:
    """Stream the files into their layer in `store`; return its descriptor."""
    prefix = f"{layer_folder(name, version)}/"
    total = sum(source.stat().st_size for _, source in files.entries)
    done = 0

    def count(size: int) -> None:
        nonlocal done
        done += size
        report.progress(f"model {name}:{version}", done, total)  # a cancelled one stops here, amid a file

    with store.new_blob(expected=total) as blob:
        layer = LayerWriter(blob)
        for path, source in files.entries:
            with disk_errors(source, f"{source}", "read"):
                stream = open_regular(source)
            with stream:
                before = os.fstat(stream.fileno())
                executable = bool(before.st_mode & 0o100)
                layer.file(prefix + path, stream, before.st_size, executable=executable, shared=True, on_read=count)
                check_unchanged(source, before, os.fstat(stream.fileno()))
        layer.close()
        return blob.commit(LAYER)


def layer_folder(name: str, version: int) -> str:
    """Where a model's files lie in its layer, and so in an image."""
    return f"{MODELS_DIR.lstrip('/')}/{name}/{version}"


def read_layer_to(
    store: Layout, layer: Descriptor, name: str, version: int, target: Path, *, overwrite: bool
) -> list[Path]:
    """Write a model's files below `target`, which is made when it is missing; return their paths."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is not a folder to write a model into.")
    with disk_errors(target, f"model {name}:{version}"):
        target.mkdir(parents=True, exist_ok=True)
        with store.open_blob(layer) as stream:
            return unpack(stream, f"{layer_folder(name, version)}/", target, overwrite=overwrite)
