"""Read the files in layers of a base image as a stream, without unpacking them."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from jupyter_modelpack.errors import Untrusted, UsageError
from jupyter_modelpack.limits import ARCHIVE_ENTRIES, EXPANSION, EXPANSION_FREE
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import UNREADABLE_TAR
from jupyter_modelpack.oci.manifest import COMPRESSION, Descriptor
from jupyter_modelpack.oci.tar_headers import BoundedInfo


class LayerFile:
    """An entry of a layer, to be read before the next one.

    Attributes:
        path: Relative to the root of the image.
        info: What the archive says of it.
    """

    def __init__(self, archive: tarfile.TarFile, info: tarfile.TarInfo) -> None:
        self._archive, self.info = archive, info
        self.path = info.name.removeprefix("./")

    def read(self) -> bytes:
        """Return its bytes; empty unless it is a regular file."""
        content = self._archive.extractfile(self.info) if self.info.isreg() else None
        return content.read() if content else b""


def layer_files(image: Image, layer: Descriptor, check: Callable[[], None] = lambda: None) -> Iterator[LayerFile]:
    """Yield the entries of a layer in their order; `check` is called for each read, and may raise to stop.

    Raises:
        UsageError: its compression is not supported.
        Untrusted: it is damaged, or unpacks to more than the limit (threat-model.md T2).
    """
    compression = COMPRESSION.get(layer.media_type)
    if compression is None or compression == "zstd":
        raise UsageError(
            f"A layer of the base image is of type {layer.media_type}, which is not supported.",
            hint="Use a base image with gzip layers (docker build and docker push make those).",
        )
    with image.blobs.open_blob(layer) as stream:
        plain = cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if compression == "gzip" else stream
        bounded = cast("BinaryIO", _Bounded(plain, layer.size, check))
        try:
            with tarfile.open(fileobj=bounded, mode="r|", tarinfo=BoundedInfo) as archive:
                for number, info in enumerate(archive):
                    archive.members = []  # type: ignore[attr-defined]  # it would keep every one
                    if number >= ARCHIVE_ENTRIES:
                        raise Untrusted(
                            f"Layer {layer.digest} has more than {ARCHIVE_ENTRIES} entries.", code="too-large"
                        )
                    yield LayerFile(archive, info)
        except (*UNREADABLE_TAR, OSError, zlib.error) as error:
            raise Untrusted(f"Layer {layer.digest} of the base image is no readable archive: {error}.") from error


class _Bounded:
    """A layer's unpacked bytes, up to a limit (threat-model.md T2)."""

    def __init__(self, stream: BinaryIO, size: int, check: Callable[[], None]) -> None:
        self._stream, self._left, self._check = stream, size * EXPANSION + EXPANSION_FREE, check

    def read(self, size: int = -1) -> bytes:
        """Read; raise `Untrusted` beyond the limit."""
        self._check()
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise Untrusted("A layer of the base image unpacks to far more than it is.", code="too-large")
        return data
