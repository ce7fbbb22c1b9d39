"""Whole images to and from a registry.

Source: OCI distribution specification 1.1, "Pull" and "Push". What points to blobs follows them: a
pulled manifest is kept, a pushed one is named, only when everything it needs is there.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import Protocol

from jupyter_modelpack.errors import Untrusted, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import CHUNK, CONFIG_BYTES, INDEX_NESTING, MANIFEST_BYTES
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import BlobSink, BlobSource, Image
from jupyter_modelpack.oci.manifest import INDEX_TYPES, Descriptor, Index, Manifest, Platform
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.registry.client import Registry
from jupyter_modelpack.registry.parallel import Part, Tally, run_all


class BlobStore(BlobSource, BlobSink, Protocol):
    """Something that keeps blobs and gives them back: a layout."""


def pull_image(
    reference: Reference,
    sink: BlobStore,
    platform: Platform,
    report: Reporter,
    registry: Registry | None = None,
) -> Image:
    """Fetch an image: manifest, config and layers into `sink`; blobs that are there are not fetched.

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
        share = Part(tally, part.size)
        if not sink.has_blob(part.digest):
            with registry.open_blob(name.repository, part, inner, share.add) as stream:
                sink.put_blob(part, stream)
        share.finish()

    run_all([partial(fetch, part) for part in parts], report, registry.hang_up)
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


def push_image(
    image: Image,
    reference: Reference,
    report: Reporter,
    registry: Registry | None = None,
    mount_from: str = "",
) -> Digest:
    """Upload an image: layers and config unless they are there, then its manifest; return its digest.

    Args:
        image: What to push; blobs are opened where they lie.
        reference: Where to; names the registry. Without tag and digest, ``latest``.
        report: Gets bytes done of all bytes; asked whether to go on.
        registry: A connection with options of its own; by default one with the credentials Docker keeps.
        mount_from: A repository of the same registry whose blobs may be taken over there.

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
    tally = Tally(report, str(name), sum(part.size for part in parts))

    def send(part: Descriptor, inner: Reporter) -> None:
        share = Part(tally, part.size)

        def body() -> Iterator[bytes]:
            share.restart()
            with image.blobs.open_blob(part) as stream:
                while chunk := stream.read(CHUNK):
                    inner.check()
                    yield chunk
                    share.add(len(chunk))

        if not registry.has_blob(name.repository, part.digest, inner, pushing=True):
            registry.put_blob(name.repository, part, body, inner, mount_from)
        share.finish()

    run_all([partial(send, part) for part in parts], report, registry.hang_up)
    registry.put_manifest(name.repository, name.tag or image.digest, image.descriptor, image.raw, report)
    return image.digest


def _distinct(manifest: Manifest) -> list[Descriptor]:
    """Return config and layers, each blob once, the largest first: they decide how long it takes."""
    parts = {part.digest: part for part in (manifest.config, *manifest.layers)}
    return sorted(parts.values(), key=lambda part: -part.size)
