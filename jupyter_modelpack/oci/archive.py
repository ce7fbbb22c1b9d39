"""Read and write image archives that ``docker load``, podman and skopeo all take.

It is an OCI layout (``oci-layout``, ``index.json``, ``blobs/``) that also carries Docker's
``manifest.json``; Docker 20.10 reads the latter, Docker 25 and the others the former.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Protocol

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.image_contract import LABEL
from jupyter_modelpack.limits import ARCHIVE_ENTRIES, CHUNK
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import MTIME, UNREADABLE_TAR
from jupyter_modelpack.oci.manifest import INDEX, REF_NAME, Descriptor, Index, Manifest, canonical
from jupyter_modelpack.oci.tar_headers import BoundedInfo

ABOUT = f"{LABEL}.about"
"""Annotation of an image in an archive: the digest of the list of its referrers."""

LAYOUT_FILE = canonical({"imageLayoutVersion": "1.0.0"})


class _Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


def blob_path(descriptor: Descriptor) -> str:
    """Return the path of a blob in a layout or an archive."""
    return f"blobs/sha256/{descriptor.digest.hex}"


def write_archive(
    image: Image,
    names: Sequence[str],
    out: _Writable,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    *,
    left_out: Collection[Digest] = (),
    annotations: Mapping[str, str] | None = None,
    beside: Mapping[str, bytes] | None = None,
    about: Sequence[Image] = (),
    layout: bool = True,
) -> None:
    """Write `image` under `names` (``repository:tag``) to `out`, each blob streamed once.

    Args:
        image: The image; its blobs may lie anywhere.
        names: Names to load it under; the first one also names it in the layout.
        out: Where the tar's bytes go; never sought.
        progress: Called with bytes done and bytes in all.
        left_out: Layers that are named but not sent, because the reader has them.
        annotations: More annotations for the image's entry in the layout's index.
        beside: Small files for people by name; engines ignore them.
        about: Artifacts whose subject it is; their list has a digest that the image's entry names. They have no
            entries of their own: of a table of contents with two, no tool would know which one is meant.
        layout: Whether it is an OCI layout too. Podman takes that before Docker's form, and then drops the health
            check, which OCI's config does not know.

    """
    manifest = image.manifest
    sources = {part.digest: (part, one.blobs) for one in (image, *about) for part in _parts(one.manifest)}
    parts = [part for part in sources.values() if part[0].digest not in left_out]
    total, done = sum(part.size for part, _ in parts), 0
    said = {**(annotations or {}), **({REF_NAME: names[0]} if names else {})}
    listed = Index(tuple(one.descriptor for one in about)).to_bytes()
    if about:
        said[ABOUT] = Digest.of(listed)
    index = Index((Descriptor(image.descriptor.media_type, image.digest, len(image.raw), said),))
    docker: list[dict[str, Any]] = [
        {
            "Config": blob_path(manifest.config),
            "RepoTags": list(names),
            "Layers": [blob_path(layer) for layer in manifest.layers],
        }
    ]
    if layout:
        _entry(out, "oci-layout", LAYOUT_FILE)
        _entry(out, "index.json", index.to_bytes())
    _entry(out, "manifest.json", canonical(docker))
    for name, data in (beside or {}).items():
        _entry(out, name, data)
    _entry(out, blob_path(image.descriptor), image.raw)
    if about:
        _entry(out, blob_path(Descriptor.of(INDEX, listed)), listed)
    for one in about:
        _entry(out, blob_path(one.descriptor), one.raw)
    for part, blobs in parts:
        _header(out, blob_path(part), part.size)
        with blobs.open_blob(part) as stream:
            while chunk := stream.read(CHUNK):
                out.write(chunk)
                done += len(chunk)
                progress(done, total)
        out.write(b"\0" * (-part.size % tarfile.BLOCKSIZE))
    out.write(b"\0" * (2 * tarfile.BLOCKSIZE))


def _parts(manifest: Manifest) -> Iterable[Descriptor]:
    return (manifest.config, *manifest.layers)


def _entry(out: _Writable, path: str, data: bytes) -> None:
    _header(out, path, len(data))
    out.write(data + b"\0" * (-len(data) % tarfile.BLOCKSIZE))


def _header(out: _Writable, path: str, size: int) -> None:
    info = tarfile.TarInfo(path)
    info.size, info.mtime, info.mode = size, MTIME, 0o644
    out.write(info.tobuf(format=tarfile.PAX_FORMAT))


class ArchiveReader:
    """The members of an uncompressed tar file on disk, opened in place.

    Source of blobs for a saved image (``docker save``, ``skopeo copy ... oci-archive:``): nothing is
    unpacked; a member is a window into the file. Raises `tarfile.ReadError` when it is no tar file at
    all: only the caller knows what the user meant it to be. `on_read` is called with the bytes of each read.
    """

    def __init__(self, file: BinaryIO, on_read: Callable[[int], None] = lambda _count: None) -> None:
        self._file, self._on_read = file, on_read
        self._members: dict[str, tuple[int, int]] = {}
        try:
            with tarfile.open(fileobj=file, mode="r:", tarinfo=BoundedInfo) as archive:
                for number, info in enumerate(archive):
                    archive.members = []  # type: ignore[attr-defined]  # it would keep every one
                    if number >= ARCHIVE_ENTRIES:
                        raise Untrusted(f"More than {ARCHIVE_ENTRIES} entries in an archive.", code="too-large")
                    self._add(info)
        except UNREADABLE_TAR as error:
            raise tarfile.ReadError(str(error)) from error

    def _add(self, info: tarfile.TarInfo) -> None:
        name = info.name.removeprefix("./")
        if info.issparse():
            raise Untrusted(f"{name[:200]!r} is a sparse file; images have none.", code="archive-unsafe")
        if info.size < 0 or info.offset_data < 0:
            raise Untrusted(f"{name[:200]!r} has a size of {info.size} bytes.", code="archive-unsafe")
        if info.isreg():
            self._members[name] = (info.offset_data, info.size)
        elif info.issym() or info.islnk():
            # Docker before 25 writes a link for a layer that is in the archive already.
            target = info.linkname.removeprefix("./") if info.islnk() else _join(name, info.linkname)
            if target in self._members:
                self._members[name] = self._members[target]

    def names(self) -> list[str]:
        """Return the names of the members."""
        return list(self._members)

    def read(self, name: str, limit: int) -> bytes | None:
        """Return a small member's bytes, or None when it is missing or larger than `limit`."""
        offset, size = self._members.get(name, (0, limit + 1))
        if size > limit:
            return None
        self._file.seek(offset)
        return self._file.read(size)

    def open(self, name: str) -> BinaryIO | None:
        """Open a member as a stream, or None when it is missing."""
        if name not in self._members:
            return None
        return io.BufferedReader(_Window(self._file, self._on_read, *self._members[name]), CHUNK)


def _join(name: str, target: str) -> str:
    parts = name.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


class _Window(io.RawIOBase):
    def __init__(self, file: BinaryIO, on_read: Callable[[int], None], offset: int, size: int) -> None:
        self._file, self._on_read, self._start, self._at, self._end = file, on_read, offset, offset, offset + size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(self._start, offset + (self._start, self._at, self._end)[whence])
        return self._at - self._start

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._at)
        data = self._file.read(max(0, min(len(buffer), self._end - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        self._on_read(len(data))
        return len(data)
