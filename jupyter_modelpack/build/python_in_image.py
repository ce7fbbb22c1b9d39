"""Which Python an image holds, and where: read from its layers, nothing is run."""

from __future__ import annotations

import gzip
import re
import tarfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO, cast

from jupyter_modelpack.errors import Untrusted, UsageError
from jupyter_modelpack.limits import ARCHIVE_ENTRIES, EXPANSION, EXPANSION_FREE
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import COMPRESSION, Descriptor

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


def find_python(image: Image, wanted: str) -> ImagePython:
    """Return the interpreter that a shell in the image would find, preferring the `wanted` minor version.

    Raises:
        UsageError: the image has no Python 3, or a layer's compression is not supported.
    """
    folders = _path(image)
    found: dict[tuple[str, str], int] = {}
    for layer in image.manifest.layers:
        for name in _names(image, layer):
            folder, _, file = f"/{name}".rpartition("/")
            match = re.fullmatch(r"python(3\.\d{1,2})", file)
            if match and folder in folders:
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


def _names(image: Image, layer: Descriptor) -> list[str]:
    compression = COMPRESSION.get(layer.media_type)
    if compression is None or compression == "zstd":
        raise UsageError(
            f"A layer of the base image is of type {layer.media_type}, which is not supported.",
            hint="Use a base image with gzip layers (docker build and docker push make those).",
        )
    with image.blobs.open_blob(layer) as stream:
        plain = cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if compression == "gzip" else stream
        bounded = cast("BinaryIO", _Bounded(plain, layer.size))
        found = []
        try:
            with tarfile.open(fileobj=bounded, mode="r|") as archive:
                for number, info in enumerate(archive):
                    archive.members = []  # type: ignore[attr-defined]  # it would keep every one
                    if number >= ARCHIVE_ENTRIES:
                        raise Untrusted(
                            f"Layer {layer.digest} has more than {ARCHIVE_ENTRIES} entries.", code="too-large"
                        )
                    if "python3" in info.name and not info.isdir():
                        found.append(info.name.removeprefix("./"))
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise Untrusted(f"Layer {layer.digest} of the base image is no readable archive: {error}.") from error
        return found


class _Bounded:
    """A layer's plain bytes, up to what no honest layer exceeds (threat T2)."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._left = stream, size * EXPANSION + EXPANSION_FREE

    def read(self, size: int = -1) -> bytes:
        """Read; raise `Untrusted` when it has grown beyond all reason."""
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise Untrusted("A layer of the base image unpacks to far more than it is.", code="too-large")
        return data
