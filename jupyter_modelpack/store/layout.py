"""The store: one OCI image layout on disk.

Source: OCI image specification 1.1, image-layout.md. Blobs are written before what points to them,
the index last and under a lock; reads never lock. Any tool that reads OCI layouts reads this folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Self, TypeVar

from jupyter_modelpack.errors import NotFound, Untrusted
from jupyter_modelpack.limits import INDEX_NESTING, MANIFEST_BYTES
from jupyter_modelpack.oci.archive import LAYOUT_FILE
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import INDEX_TYPES, REF_NAME, Descriptor, Index, Platform, parse_object
from jupyter_modelpack.store.files import (
    AtomicFile,
    copy_stream,
    link_file,
    locked,
    make_folder,
    sweep,
    write_file,
)

T = TypeVar("T")


class Layout:
    """An OCI image layout: blobs by digest, and an index of names.

    A name is the ``org.opencontainers.image.ref.name`` annotation of an index entry, written
    ``repository:tag``.

    Attributes:
        path: The folder.

    """

    def __init__(self, path: Path) -> None:
        """Open an existing layout; raise `NotFound` when `path` is none."""
        self.path = path
        self._blobs = path / "blobs" / "sha256"
        try:
            version = parse_object((path / "oci-layout").read_bytes(), "oci-layout file").get("imageLayoutVersion")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(f"{path} is not an OCI image layout: it has no oci-layout file.") from error
        if version != "1.0.0":
            raise Untrusted(f"{path} is an OCI image layout of unknown version {version!r}.")

    @classmethod
    def create(cls, path: Path) -> Self:
        """Open the layout at `path`, making an empty one where there is none; sweep what a crash left."""
        blobs = path / "blobs" / "sha256"
        make_folder(blobs)
        if not (path / "index.json").exists():
            with locked(path / "index.lock", "The store"):
                if not (path / "index.json").exists():
                    write_file(path / "index.json", Index(()).to_bytes())
        if not (path / "oci-layout").exists():
            write_file(path / "oci-layout", LAYOUT_FILE)
        sweep(blobs)
        return cls(path)

    # --- blobs ---

    def blob_path(self, digest: Digest) -> Path:
        """Where the blob lies, or would lie."""
        return self._blobs / digest.hex

    def has_blob(self, digest: Digest) -> bool:
        """Whether the blob is there."""
        return self.blob_path(digest).exists()

    def _has_whole(self, descriptor: Descriptor) -> bool:
        """Whether the blob is there in its full size; one cut short by a bad disk is written anew."""
        found = self.find_blob(descriptor.digest)
        return found is not None and found[1] == descriptor.size

    def find_blob(self, digest: Digest) -> tuple[str, int] | None:
        """Return path and size of the blob's file, or None."""
        path = self.blob_path(digest)
        try:
            return str(path), path.stat().st_size
        except FileNotFoundError:
            return None

    def open_blob(self, descriptor: Descriptor) -> BinaryIO:
        """Open a blob; the stream raises `Untrusted` before its end when the bytes are not the named ones."""
        try:
            file = self.blob_path(descriptor.digest).open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"Blob {descriptor.digest} is not in the store at {self.path}.") from error
        return VerifiedStream(file, descriptor, str(self.path))  # type: ignore[return-value]

    def put_blob(self, descriptor: Descriptor, stream: BinaryIO) -> None:
        """Keep the bytes of `stream` as the blob `descriptor` names; keep nothing when they differ."""
        if self._has_whole(descriptor):
            return
        with AtomicFile(self._blobs, "a blob") as file:
            copy_stream(stream, file)
            if (file.digest, file.size) != (descriptor.digest, descriptor.size):
                raise Untrusted(
                    f"Received {file.size} bytes with digest {file.digest}, "
                    f"where {descriptor.size} bytes with digest {descriptor.digest} were announced.",
                    code="digest-mismatch",
                )
            file.commit(self.blob_path(descriptor.digest))

    def put_bytes(self, media_type: str, data: bytes) -> Descriptor:
        """Keep small `data` as a blob."""
        descriptor = Descriptor.of(media_type, data)
        if not self._has_whole(descriptor):
            with AtomicFile(self._blobs, "a blob") as file:
                file.write(data)
                file.commit(self.blob_path(descriptor.digest))
        return descriptor

    @contextmanager
    def new_blob(self) -> Iterator[BlobWriter]:
        """Write a blob whose digest is known only at its end: ``with ... as blob``, then `blob.commit`."""
        with AtomicFile(self._blobs, "a layer") as file:
            yield BlobWriter(self, file)

    def adopt(self, source: Layout, descriptor: Descriptor) -> None:
        """Take over a blob of another store without writing it again where the disk allows."""
        if not self.has_blob(descriptor.digest):
            if not source.has_blob(descriptor.digest):
                raise NotFound(f"Blob {descriptor.digest} is not in the store at {source.path}.")
            link_file(source.blob_path(descriptor.digest), self.blob_path(descriptor.digest), descriptor.digest)

    def adopt_image(self, image: Image, source: Layout) -> None:
        """Take over config, layers and manifest of an image of another store."""
        for part in (*image.manifest.layers, image.manifest.config, image.descriptor):
            self.adopt(source, part)

    # --- names ---

    def index(self) -> Index:
        """Return the table of contents as it is now."""
        try:
            return Index.from_bytes((self.path / "index.json").read_bytes())
        except FileNotFoundError as error:
            raise NotFound(f"{self.path} is not an OCI image layout: it has no index.json.") from error

    def update(self, change: Callable[[Index], tuple[Index, T]]) -> T:
        """Replace the index by what `change` makes of it, under the store's lock; return its second value."""
        with self.lock("index"):
            before = self.index()
            after, result = change(before)
            if after != before:
                write_file(self.path / "index.json", after.to_bytes())
            return result

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the lock of that name; ``index`` guards the index."""
        return locked(self.path / f"{name}.lock", f"The store at {self.path}")

    def tag(self, name: str, descriptor: Descriptor, annotations: Mapping[str, str] | None = None) -> None:
        """Name a manifest whose blobs are all in the store; a name that exists moves."""
        entry = replace(
            descriptor,
            annotations={**descriptor.annotations, **(annotations or {}), REF_NAME: name},
            platform=None,
        )

        def change(index: Index) -> tuple[Index, None]:
            kept = [other for other in index.manifests if other.annotations.get(REF_NAME) != name]
            return replace(index, manifests=(*kept, entry)), None

        self.update(change)

    def untag(self, name: str) -> bool:
        """Forget a name; return whether it was there. Blobs stay until they are collected."""

        def change(index: Index) -> tuple[Index, bool]:
            kept = tuple(other for other in index.manifests if other.annotations.get(REF_NAME) != name)
            return replace(index, manifests=kept), len(kept) != len(index.manifests)

        return self.update(change)

    def names(self, prefix: str = "") -> dict[str, Descriptor]:
        """Return named entries, oldest first, whose name starts with `prefix`."""
        found = ((entry.annotations.get(REF_NAME, ""), entry) for entry in self.index().manifests)
        return {name: entry for name, entry in found if name and name.startswith(prefix)}

    def image(self, descriptor: Descriptor, platform: Platform | None = None) -> Image:
        """Return the image behind a descriptor, through indexes to `platform`."""
        for _ in range(INDEX_NESTING):
            if descriptor.size > MANIFEST_BYTES:
                raise Untrusted(f"Manifest {descriptor.digest} claims {descriptor.size} bytes.", code="too-large")
            with self.open_blob(descriptor) as stream:
                raw = stream.read()
            if descriptor.media_type not in INDEX_TYPES:
                return Image(descriptor, Image.from_raw(raw, self).manifest, raw, self)
            descriptor = Index.from_bytes(raw).select(platform or Platform())
        raise Untrusted("An image index points to itself.", code="bad-manifest")

    # --- as a registry's content ---

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return the manifest that a tag or a digest names in `repository`, or None."""
        named = self.names(f"{repository}:")
        for name, entry in named.items():
            if reference in (name.rpartition(":")[2], entry.digest):
                return entry
        if ":" not in reference:
            return None
        # A client that read an index asks for one of its manifests by digest.
        return next((entry for top in named.values() for entry in self._behind(top) if entry.digest == reference), None)

    def _behind(self, descriptor: Descriptor, depth: int = INDEX_NESTING) -> Iterator[Descriptor]:
        """Yield what an index points to and the store holds."""
        if depth and descriptor.media_type in INDEX_TYPES and descriptor.size <= MANIFEST_BYTES:
            with self.open_blob(descriptor) as stream:
                entries = Index.from_bytes(stream.read()).manifests
            for entry in entries:
                if self.has_blob(entry.digest):
                    yield entry
                    yield from self._behind(entry, depth - 1)

    def repositories(self) -> list[str]:
        """Return the names of all repositories, sorted."""
        return sorted({name.rpartition(":")[0] for name in self.names() if ":" in name})

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository, sorted."""
        return sorted(name.rpartition(":")[2] for name in self.names(f"{repository}:"))


class BlobWriter:
    """A blob in the making: write, then `commit` with its media type."""

    def __init__(self, layout: Layout, file: AtomicFile) -> None:
        self._layout, self._file = layout, file

    def write(self, data: bytes) -> int:
        """Append `data`."""
        return self._file.write(data)

    @property
    def digest(self) -> Digest:
        """Digest of what was written so far."""
        return self._file.digest

    def commit(self, media_type: str) -> Descriptor:
        """Make the blob visible under its digest; return its descriptor."""
        descriptor = Descriptor(media_type, self._file.digest, self._file.size)
        found = self._layout.find_blob(descriptor.digest)
        if found is None or found[1] != descriptor.size:
            self._file.commit(self._layout.blob_path(descriptor.digest))
        return descriptor


class VerifiedStream:
    """A file whose bytes are checked against their descriptor while they are read."""

    def __init__(self, file: BinaryIO, descriptor: Descriptor, where: str) -> None:
        self._file, self._descriptor, self._where = file, descriptor, where
        self._state = hashlib.sha256()
        self._seen = 0
        if os.fstat(file.fileno()).st_size != descriptor.size:
            file.close()
            self._refuse("size")

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes; the last ones are handed out only if the whole blob is right."""
        data = self._file.read(size)
        self._state.update(data)
        self._seen += len(data)
        if self._seen >= self._descriptor.size and self._state.hexdigest() != self._descriptor.digest.hex:
            self._refuse("digest")
        return data

    def _refuse(self, what: str) -> None:
        raise Untrusted(
            f"Blob {self._descriptor.digest} in {self._where} is damaged: its {what} is wrong.",
            hint="Delete that file and package again; it is made anew.",
            code="digest-mismatch",
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
