"""What a workspace holds about an image: signatures, bills of materials, attestations that clients have pushed."""

from __future__ import annotations

from pathlib import Path

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.limits import MANIFEST_BYTES, PAGE
from jupyter_modelpack.oci.archive import ArchiveReader, blob_path
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import INDEX, MANIFEST_TYPES, Descriptor, Index, Manifest
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.untagged import SUBJECT


def about(store: Layout, repository: str, digest: Digest) -> list[Image]:
    """Return the artifacts of `repository` that are about a manifest, and those about them, subjects first."""
    by_subject: dict[str, list[Descriptor]] = {}
    for entry in store.entries(repository):
        by_subject.setdefault(entry.annotations.get(SUBJECT, ""), []).append(entry)
    found: dict[Digest, Image] = {}
    todo = store.referrers(repository, digest)
    for entry in todo:  # grows
        if entry.media_type in MANIFEST_TYPES and entry.digest not in found:
            found[entry.digest] = store.image(entry)
            todo += by_subject.get(entry.digest, [])
    return list(found.values())


def take(
    reader: ArchiveReader, listed: str, image: Image, store: Layout, path: Path
) -> list[tuple[Descriptor, Digest]]:
    """Copy what is about `image` from an open archive, the file at `path`; return each with its subject.

    Args:
        reader: The archive.
        listed: The digest of their list, as the archive says it; empty where there is none.
        image: What they have to be about, or about one another.
        store: Where they go; nothing names them yet.
        path: For messages.

    Raises:
        Untrusted: one is missing, damaged, or about something else.

    """
    if not listed:
        return []
    digest = Digest.parse(listed)
    entries = Index.from_bytes(_read(reader, Descriptor(INDEX, digest, 0), path)).manifests
    if len(entries) > PAGE:
        raise Untrusted(f"{path} lists {len(entries)} artifacts about one image.", code="too-large")
    found: list[tuple[Descriptor, Digest]] = []
    for entry in entries:
        raw = _read(reader, entry, path)
        manifest = Manifest.from_bytes(raw)
        known = {image.digest, *(one.digest for one, _subject in found)}
        if manifest.subject is None or manifest.subject.digest not in known:
            raise Untrusted(f"{path}: {entry.digest} is not about the image.", code="bad-archive")
        for part in (manifest.config, *manifest.layers):
            stream = reader.open(blob_path(part))
            if stream is None:
                raise Untrusted(f"{path} lacks blob {part.digest}.", code="bad-archive")
            with stream:
                store.put_blob(part, stream)
        found.append((store.put_bytes(manifest.media_type, raw), manifest.subject.digest))
    return found


def _read(reader: ArchiveReader, descriptor: Descriptor, path: Path) -> bytes:
    raw = reader.read(blob_path(descriptor), MANIFEST_BYTES) or b""
    if Digest.of(raw) != descriptor.digest:
        raise Untrusted(f"{path}: manifest {descriptor.digest} is missing or damaged.", code="digest-mismatch")
    return raw
