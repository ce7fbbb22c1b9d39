"""Follow references in a store, from the index through manifests to blobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from jupyter_modelpack.errors import ModelpackError, NotFound, Untrusted
from jupyter_modelpack.limits import MANIFEST_BYTES
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import (
    INDEX_TYPES,
    MANIFEST_TYPES,
    REF_NAME,
    Descriptor,
    Index,
    children,
    parse_object,
)
from jupyter_modelpack.store.os_errors import disk_errors


class BlobFiles(Protocol):
    """Blobs by digest, as files."""

    path: Path

    def blob_path(self, digest: Digest) -> Path:
        """Path of the blob's file, whether or not it exists."""
        ...

    def find_blob(self, digest: Digest) -> tuple[str, int] | None:
        """Return path and size of the blob's file, or None."""
        ...


class IndexedBlobs(BlobFiles, Protocol):
    """Blobs with an index that names some of them."""

    def index(self) -> Index:
        """Return the current index."""
        ...


def points(descriptor: Descriptor) -> bool:
    """Whether a blob is a manifest or an index, by its media type."""
    return descriptor.media_type in MANIFEST_TYPES or descriptor.media_type in INDEX_TYPES


def below(store: BlobFiles, descriptor: Descriptor, seen: set[Digest] | None = None) -> Iterator[Descriptor]:
    """Yield `descriptor` and all it reaches, each blob once, except those in `seen`.

    Missing blobs that need not exist are left out.

    Raises:
        NotFound: a manifest is missing.
        Untrusted: one is damaged or malformed.

    """
    seen = set() if seen is None else seen
    todo = [descriptor]
    while todo:
        one = todo.pop()
        if one.digest in seen:
            continue
        seen.add(one.digest)
        yield one
        if points(one):
            found = children(_read(store, one))
            todo += [child for child, needed in found if needed or store.blob_path(child.digest).exists()]


def subject(store: BlobFiles, manifest: Descriptor) -> Digest | None:
    """Return the digest of a manifest's subject; None if it has none or cannot be read."""
    try:
        found = parse_object(_read(store, manifest), "manifest").get("subject")
        return None if found is None else Descriptor.from_json(found).digest
    except ModelpackError:
        return None


def _read(store: BlobFiles, manifest: Descriptor) -> bytes:
    """Read a manifest; unlike those of `open_blob`, errors do not list the names that reach it."""
    if manifest.size > MANIFEST_BYTES:
        raise Untrusted(f"Manifest {manifest.digest} claims {manifest.size} bytes.", code="too-large")
    found = store.find_blob(manifest.digest)
    if found is None:
        raise NotFound(f"Manifest {manifest.digest} is not in the store at {store.path}.")
    with disk_errors(store.path, f"manifest {manifest.digest}", "read"):
        raw = Path(found[0]).read_bytes() if found[1] == manifest.size else b""
    if Digest.of(raw) != manifest.digest:
        raise Untrusted(
            f"Manifest {manifest.digest} in {store.path} is damaged.",
            hint="Run `modelpack check --repair`.",
            code="digest-mismatch",
        )
    return raw


def reach(store: IndexedBlobs, seen: set[Digest]) -> None:
    """Add the digest of every blob that the index reaches to `seen`; raise as `below` does."""
    for entry in store.index().manifests:
        for _ in below(store, entry, seen):
            pass


def users(store: IndexedBlobs, digests: Iterable[Digest]) -> dict[Digest, list[str]]:
    """Return which names of the index reach each of `digests`, as far as manifests can be read."""
    found: dict[Digest, list[str]] = {digest: [] for digest in digests}
    for entry in store.index().manifests:
        name = entry.annotations.get(REF_NAME) or str(entry.digest)
        try:
            for one in below(store, entry):
                if one.digest in found:
                    found[one.digest].append(name)
        except ModelpackError:
            if entry.digest in found and name not in found[entry.digest]:
                found[entry.digest].append(name)
    return found
