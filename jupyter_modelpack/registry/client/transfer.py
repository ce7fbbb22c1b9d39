"""Pull and push images.

Source: OCI distribution specification 1.1, "Pull" and "Push". A manifest is stored, or pushed,
only after everything it refers to.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Protocol

from jupyter_modelpack.errors import Untrusted, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import CHUNK, CONFIG_BYTES, INDEX_NESTING, MANIFEST_BYTES
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import BlobSink, BlobSource, Image
from jupyter_modelpack.oci.manifest import (
    INDEX_TYPES,
    LAYER,
    LAYER_GZIP,
    NONDISTRIBUTABLE,
    Descriptor,
    Index,
    Manifest,
    Platform,
)
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.compress import compressed
from jupyter_modelpack.registry.client.parallel import Tally, TransferShare, run_all


class BlobStore(BlobSource, BlobSink, Protocol):
    """Stores and returns blobs, as a layout does."""


def pull_image(
    reference: Reference,
    sink: BlobStore,
    platform: Platform,
    report: Reporter,
    registry: Registry | None = None,
) -> Image:
    """Fetch an image's manifest, config and layers into `sink`, except blobs that it has.

    Args:
        reference: Tag or digest; without either, ``latest``. Without a registry, Docker Hub.
        sink: Where the blobs go, the manifest last; nothing is named there.
        platform: Which variant to take of a multi-platform image.
        report: Gets bytes done of all bytes; asked whether to go on.
        registry: A connection with options of its own; by default one with the credentials Docker keeps.

    Raises:
        NotFound: the registry has no such image.
        Denied: it does not let us read it.
        Unavailable: it cannot be reached, or stays busy.
        Untrusted: what it sends is not what it should be.

    """
    name = reference.on_hub()
    registry = registry or Registry(name.registry)
    descriptor, raw = find_manifest(registry, name, platform, report)
    manifest = Manifest.from_bytes(raw)
    if manifest.media_type != descriptor.media_type:
        raise Untrusted(f"The manifest of {name} is not of the type announced.", code="bad-manifest")
    if manifest.config.size > CONFIG_BYTES:
        raise Untrusted(f"The image config of {name} claims {manifest.config.size} bytes.", code="too-large")
    parts = _distinct(manifest)
    tally = Tally(report, str(name), sum(part.size for part in parts))

    def fetch(part: Descriptor, inner: Reporter) -> None:
        share = TransferShare(tally, part.size)
        if not sink.has_blob(part.digest):
            with registry.open_blob(name.repository, part, inner, share.add) as stream:
                sink.put_blob(part, stream)
        share.finish()

    run_all([partial(fetch, part) for part in parts], report, registry.abort)
    if not sink.has_blob(descriptor.digest):
        sink.put_blob(descriptor, io.BytesIO(raw))
    return Image(descriptor, manifest, raw, sink)


def find_manifest(
    registry: Registry, name: Reference, platform: Platform, report: Reporter
) -> tuple[Descriptor, bytes]:
    """Return the manifest that `name` means on `platform`, through indexes."""
    wanted: str = name.digest or name.tag
    announced: int | None = None
    for _ in range(INDEX_NESTING):
        descriptor, raw = registry.manifest(name.repository, wanted, report)
        if announced is not None and announced != len(raw):
            raise Untrusted(f"The manifest {wanted} has {len(raw)} bytes, not {announced}.", code="digest-mismatch")
        if descriptor.media_type not in INDEX_TYPES:
            return descriptor, raw
        entry = Index.from_bytes(raw).select(platform)
        if entry.size > MANIFEST_BYTES:
            raise Untrusted(f"The manifest {entry.digest} claims {entry.size} bytes.", code="too-large")
        wanted, announced = entry.digest, entry.size
    raise Untrusted(f"The index of {name} points to indexes, {INDEX_NESTING} deep.", code="bad-manifest")


class Memory(Protocol):
    """Records which blobs were pushed where."""

    def compressed(self, plain: Digest) -> Descriptor | None:
        """Return the descriptor that a layer had when it was last compressed, or None."""
        ...

    def place(self, host: str, plain: Digest) -> str:
        """Return a repository of the registry that has the blob; empty if none is known."""
        ...

    def keep(self, plain: Digest, sent: Descriptor, host: str, repository: str) -> None:
        """Record what was pushed, and where it is now."""
        ...


def push_image(
    image: Image,
    reference: Reference,
    report: Reporter,
    registry: Registry | None = None,
    mount_from: str = "",
    *,
    memory: Memory | None = None,
) -> Digest:
    """Upload an image: layers and config unless they are there, then its manifest; return its digest there.

    Args:
        image: What to push; blobs are opened where they lie.
        reference: Where to; names the registry. Without tag and digest, ``latest``.
        report: Gets bytes done of all bytes; asked whether to go on.
        registry: A connection with options of its own; by default one with the credentials Docker keeps.
        mount_from: A repository of the same registry whose blobs may be taken over there.
        memory: Where it is kept what layers are when they are compressed. With it, layers are compressed on
            the way, so the image has another digest there, and the same id; without, it arrives as it is.

    Raises:
        UsageError: the digest in `reference` is another image's.
        Denied: the registry does not let us write there.
        Unavailable: it cannot be reached, or stays busy.
        Untrusted: it misleads us, or the image's own blobs are damaged.

    """
    name = reference.on_hub()
    if name.digest and name.digest != image.digest:
        raise UsageError(f"{name} names another image: this one's digest is {image.digest}.")
    registry = registry or Registry(name.registry)
    parts = _distinct(image.manifest)
    parcel = _Parcel(image, registry, name.repository, mount_from, memory)
    tally = Tally(report, str(name), sum(part.size for part in parts))
    run_all([partial(parcel.send, part, tally) for part in parts], report, registry.abort)
    descriptor, raw = parcel.manifest()
    registry.put_manifest(name.repository, name.tag or descriptor.digest, descriptor, raw, report)
    return descriptor.digest


class _Parcel:
    """An image being pushed to one repository."""

    def __init__(
        self, image: Image, registry: Registry, repository: str, mount_from: str, memory: Memory | None
    ) -> None:
        self._image, self._registry, self._repository = image, registry, repository
        self._mount_from, self._memory = mount_from, memory
        self._compressed: dict[Digest, Descriptor] = {}

    def send(self, part: Descriptor, tally: Tally, report: Reporter) -> None:
        """Push a blob unless the repository has it."""
        share = TransferShare(tally, part.size)
        if self._memory is not None and part.media_type == LAYER:
            sent = self._compressed[part.digest] = self._send_compressed(part, share, report, self._memory)
        else:
            sent = part
            if not self._registry.has_blob(self._repository, part.digest, report, pushing=True):
                body = partial(self._read, part, share, report)
                self._registry.put_blob(self._repository, part, body, report, self._elsewhere(part.digest))
        share.finish()
        if self._memory is not None:
            self._memory.keep(part.digest, sent, self._registry.host, self._repository)

    def _send_compressed(self, part: Descriptor, share: TransferShare, report: Reporter, memory: Memory) -> Descriptor:
        registry, repository, known = self._registry, self._repository, memory.compressed(part.digest)
        if known and registry.has_blob(repository, known.digest, report, pushing=True):
            return known
        elsewhere = self._elsewhere(part.digest)
        if known and elsewhere and registry.mount(repository, known.digest, elsewhere, report):
            return known
        # Compressed again though its digest is known: another release of the library may produce other bytes.
        digest, size = registry.put_stream(
            repository, str(part.digest), lambda: compressed(self._read(part, share, report)), report
        )
        return Descriptor(LAYER_GZIP, digest, size)

    def manifest(self) -> tuple[Descriptor, bytes]:
        """Return the manifest of what was sent."""
        image, sent = self._image, self._compressed
        if not sent:
            return image.descriptor, image.raw
        layers = tuple(
            replace(layer, media_type=LAYER_GZIP, digest=sent[layer.digest].digest, size=sent[layer.digest].size)
            if layer.digest in sent
            else layer
            for layer in image.manifest.layers
        )
        raw = replace(image.manifest, layers=layers).to_bytes()
        return Descriptor.of(image.manifest.media_type, raw), raw

    def _read(self, part: Descriptor, share: TransferShare, report: Reporter) -> Iterator[bytes]:
        share.restart()
        with self._image.blobs.open_blob(part) as stream:
            while chunk := stream.read(CHUNK):
                report.check()
                yield chunk
                share.add(len(chunk))

    def _elsewhere(self, digest: Digest) -> str:
        found = self._memory.place(self._registry.host, digest) if self._memory is not None else ""
        found = found or self._mount_from
        return found if found != self._repository else ""


def _distinct(manifest: Manifest) -> list[Descriptor]:
    """Return config and layers, each blob once, the largest first, which take longest.

    Layers that may not be distributed stay where they are.
    """
    layers = (layer for layer in manifest.layers if layer.media_type not in NONDISTRIBUTABLE)
    parts = {part.digest: part for part in (manifest.config, *layers)}
    return sorted(parts.values(), key=lambda part: -part.size)
