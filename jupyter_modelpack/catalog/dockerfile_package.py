"""A Dockerfile package in the store, so that another kernel, or the command line, can save it.

It is an OCI artifact: one layer holds the Dockerfile and its files, the others are the models' own,
so nothing is kept twice, and a model that a Dockerfile needs cannot be deleted.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_modelpack.builder.context.source_files import open_regular, walk
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.image_contract import APP_FOLDER, APP_ROOT
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import EMPTY, LAYER, MANIFEST, Descriptor, Manifest
from jupyter_modelpack.oci.unpack import unpack
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.os_errors import disk_errors

if TYPE_CHECKING:
    from jupyter_modelpack.builder.dockerfile.export import DockerContext

TYPE = "application/vnd.jupyter-modelpack.dockerfile.v1+json"


def keep(context: DockerContext, store: Layout) -> Descriptor:
    """Write the package into the store; return its manifest's descriptor."""
    small = replace(context, recipe=replace(context.recipe, models=()))
    with tempfile.TemporaryDirectory(prefix="modelpack-") as name, store.new_blob() as blob:
        folder = Path(name)
        small.write(folder)
        layer = LayerWriter(blob)
        for path, source in walk(folder):
            status = source.stat()
            with open_regular(source) as stream:
                layer.file(path, stream, status.st_size, executable=bool(status.st_mode & 0o100))
        layer.close()
        files = blob.commit(LAYER)
    models = [part.layer for part in context.recipe.models]
    manifest = Manifest(store.put_bytes(EMPTY, b"{}"), (files, *models), artifact_type=TYPE)
    return store.put_bytes(MANIFEST, manifest.to_bytes())


def write(package: Image, folder: Path) -> None:
    """Write Dockerfile and context into `folder`, over what is there (azure-differences.md 6)."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"Error, output path is not a directory: {folder}")
    files, *models = package.manifest.layers
    with disk_errors(folder, "a Dockerfile package"):
        (folder / APP_FOLDER).mkdir(parents=True, exist_ok=True)
        with package.blobs.open_blob(files) as stream:
            unpack(stream, "", folder, overwrite=True)
        for model in models:
            with package.blobs.open_blob(model) as stream:
                unpack(stream, f"{APP_ROOT[1:]}/", folder / APP_FOLDER, overwrite=True)
