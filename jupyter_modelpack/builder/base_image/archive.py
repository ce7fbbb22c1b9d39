"""Import an image from an archive, of ``docker save`` or in OCI form, layer by layer."""

from __future__ import annotations

import contextlib
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from jupyter_modelpack.errors import NotFound, Untrusted, UsageError
from jupyter_modelpack.limits import CONFIG_BYTES, INDEX_NESTING, MANIFEST_BYTES
from jupyter_modelpack.oci.archive import ArchiveReader, blob_path
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import (
    CONFIG,
    INDEX_TYPES,
    LAYER,
    LAYER_GZIP,
    MANIFEST,
    Descriptor,
    Index,
    Manifest,
    Platform,
    parse_object,
)
from jupyter_modelpack.oci.unpacked import UnpackedDigest
from jupyter_modelpack.store.layout import Layout

_GZIP = b"\x1f\x8b"


def import_archive(path: Path, platform: Platform, cache: Layout) -> Image:
    """Copy the one image of an archive into `cache`.

    Raises:
        UsageError: the file holds no image, or several.
        Untrusted: a blob does not match its digest.
    """
    with open_archive(path) as reader:
        return import_image(reader, platform, cache, path)


@contextlib.contextmanager
def open_archive(path: Path, on_read: Callable[[int], None] = lambda _count: None) -> Iterator[ArchiveReader]:
    """Open the file of a saved image; `on_read` is called with the bytes of each read."""
    with path.open("rb") as file:
        if file.read(2) == _GZIP:
            raise UsageError(f"{path} is compressed.", hint=f"Run `gunzip {path.name}` first.")
        file.seek(0)
        try:
            reader = ArchiveReader(file, on_read)
        except tarfile.TarError as error:
            raise UsageError(f"{path} is not the file of a saved image: {error}.") from error
        yield reader


def import_image(reader: ArchiveReader, platform: Platform, cache: Layout, path: Path) -> Image:
    """Copy the one image of an open archive, the file at `path`, into `cache`."""
    if reader.read("index.json", MANIFEST_BYTES) is not None:
        return _oci(reader, platform, cache, path)
    if reader.read("manifest.json", MANIFEST_BYTES) is not None:
        return _docker(reader, cache, path)
    raise UsageError(f"{path} is not the file of a saved image: it has neither index.json nor manifest.json.")


def entry_of(reader: ArchiveReader) -> Descriptor | None:
    """Return the entry of the one image in an archive's table of contents; None where it is only Docker's."""
    raw = reader.read("index.json", MANIFEST_BYTES)
    entries = Index.from_bytes(raw).manifests if raw is not None else ()
    return entries[0] if len(entries) == 1 else None


def name_in_docker_form(reader: ArchiveReader) -> str:
    """Return the first name that Docker's own table gives the one image; empty when it has none."""
    try:
        listed = json.loads(reader.read("manifest.json", MANIFEST_BYTES) or b"[]")
        name = listed[0]["RepoTags"][0]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
    return name if isinstance(name, str) else ""


class _Members:
    def __init__(self, reader: ArchiveReader) -> None:
        self._reader = reader

    def open_blob(self, descriptor: Descriptor) -> BinaryIO:
        stream = self._reader.open(blob_path(descriptor))
        if stream is None:
            raise NotFound(f"The archive lacks blob {descriptor.digest}.")
        return stream


def _oci(reader: ArchiveReader, platform: Platform, cache: Layout, path: Path) -> Image:
    entries = Index.from_bytes(reader.read("index.json", MANIFEST_BYTES) or b"").manifests
    if len(entries) != 1:
        raise UsageError(f"{path} holds {len(entries)} images.", hint="Save the one that is meant.")
    descriptor, raw = entries[0], b""
    for _ in range(INDEX_NESTING):
        raw = reader.read(blob_path(descriptor), MANIFEST_BYTES) or b""
        if Digest.of(raw) != descriptor.digest:
            raise Untrusted(f"{path}: manifest {descriptor.digest} is missing or damaged.", code="digest-mismatch")
        if descriptor.media_type not in INDEX_TYPES:
            break
        descriptor = Index.from_bytes(raw).select(platform)
    manifest = Manifest.from_bytes(raw)
    blobs = _Members(reader)
    for part in (*manifest.layers, manifest.config):
        with blobs.open_blob(part) as stream:
            cache.put_blob(part, stream)
    return cache.image(cache.put_bytes(manifest.media_type, raw))


def _docker(reader: ArchiveReader, cache: Layout, path: Path) -> Image:
    """Read Docker's own form: a list with one image, its layers plain tar files named in order."""
    try:
        listed = json.loads(reader.read("manifest.json", MANIFEST_BYTES) or b"[]")
    except (ValueError, RecursionError) as error:
        raise Untrusted(f"{path}: manifest.json is not JSON.", code="bad-archive") from error
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
        raise UsageError(f"{path} does not hold exactly one image.", hint="Save the one that is meant.")
    entry = listed[0]
    config = reader.read(str(entry.get("Config")), CONFIG_BYTES)
    if config is None:
        raise Untrusted(f"{path}: the image config is missing.", code="bad-archive")
    rootfs = parse_object(config, "image config").get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    names = entry.get("Layers")
    if not isinstance(diff_ids, list) or not isinstance(names, list):
        raise Untrusted(f"{path}: the image names no layers.", code="bad-archive")
    if len(names) != len(diff_ids):
        raise Untrusted(f"{path}: {len(names)} layers for {len(diff_ids)} diff_ids.", code="bad-archive")
    layers = tuple(
        _layer(reader, str(name), Digest.parse(diff), cache) for name, diff in zip(names, diff_ids, strict=True)
    )
    manifest = Manifest(cache.put_bytes(CONFIG, config), layers)
    return cache.image(cache.put_bytes(MANIFEST, manifest.to_bytes()))


def _layer(reader: ArchiveReader, name: str, diff_id: Digest, cache: Layout) -> Descriptor:
    stream = reader.open(name)
    if stream is None:
        raise Untrusted(f"The archive lacks layer {name}.", code="bad-archive")
    with stream, cache.new_blob() as blob:
        first = stream.read(1 << 20)
        unpacked = UnpackedDigest() if first.startswith(_GZIP) else None
        while first:
            blob.write(first)
            if unpacked:
                unpacked.update(first)
            first = stream.read(1 << 20)
        if (unpacked.digest if unpacked else blob.digest) != diff_id:
            raise Untrusted(f"Layer {name} is not the one its config names.", code="digest-mismatch")
        return blob.commit(LAYER_GZIP if unpacked else LAYER)
