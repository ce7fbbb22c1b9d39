"""Find the Python of an image by reading its layers, without running anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_modelpack.builder.base_image.layer_files import layer_files
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.oci.image import Image

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class ImagePython:
    """An interpreter in an image.

    Attributes:
        version: Minor version, ``3.11``.
        interpreter: Its absolute path in the image.
    """

    version: str
    interpreter: str


def find_python(image: Image, wanted: str, check: Callable[[], None] = lambda: None) -> ImagePython:
    """Return the interpreter that a shell in the image would find, preferring the `wanted` minor version.

    Args:
        image: Whose layers are read.
        wanted: A minor version, ``3.11``.
        check: Called repeatedly while they are read; may raise to stop.

    Raises:
        UsageError: the image has no Python 3, or a layer's compression is not supported.
    """
    folders = _path(image)
    found: dict[tuple[str, str], int] = {}
    for layer in image.manifest.layers:
        for entry in layer_files(image, layer, check):
            folder, _, file = f"/{entry.path}".rpartition("/")
            match = re.fullmatch(r"python(3\.\d{1,2})", file)
            if match and folder in folders and not entry.info.isdir():
                found[folder, match[1]] = folders.index(folder)
    if not found:
        raise UsageError(
            "The base image has no Python 3 on its PATH.",
            hint="Choose a base image with Python, like the official python slim images.",
            code="no-python",
        )
    (folder, version), _ = min(found.items(), key=lambda item: (item[0][1] != wanted, item[1], item[0][1]))
    return ImagePython(version, f"{folder}/python{version}")


def _path(image: Image) -> list[str]:
    path = image.variables().get("PATH", _DEFAULT_PATH)
    return [folder.rstrip("/") for folder in path.split(":") if folder]
