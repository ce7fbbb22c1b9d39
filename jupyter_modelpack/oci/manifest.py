"""Manifests, indexes and descriptors as typed data.

Source: OCI image specification 1.1 (descriptor.md, manifest.md, image-index.md, config.md) plus the
Docker schema 2 media types, which every registry still serves. Parsing is strict: what is not
understood is refused, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.limits import LAYERS
from jupyter_modelpack.oci.digest import Digest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
LAYER_GZIP = f"{LAYER}+gzip"
LAYER_ZSTD = f"{LAYER}+zstd"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"

MANIFEST_TYPES = (MANIFEST, DOCKER_MANIFEST)
INDEX_TYPES = (INDEX, DOCKER_INDEX)
COMPRESSION = {LAYER: "", LAYER_GZIP: "gzip", LAYER_ZSTD: "zstd", DOCKER_LAYER_GZIP: "gzip"}
"""Layer media types we read, with the compression of their bytes."""

_NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar"
NONDISTRIBUTABLE = (
    *(_NONDISTRIBUTABLE, f"{_NONDISTRIBUTABLE}+gzip", f"{_NONDISTRIBUTABLE}+zstd"),
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
)
"""Media types of layers that may not be distributed; descriptors name the URLs of their owner."""

REF_NAME = "org.opencontainers.image.ref.name"
CREATED = "org.opencontainers.image.created"


def canonical(document: Any) -> bytes:
    """Return `document` as JSON bytes that are the same for the same data (sorted, no spaces)."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def parse_object(data: bytes, what: str) -> dict[str, Any]:
    """Parse `data` as one JSON object; raise `Untrusted` naming `what` otherwise."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Untrusted(f"The {what} is not JSON: {error}.", code="bad-manifest") from error
    if not isinstance(document, dict):
        raise Untrusted(f"The {what} is not a JSON object.", code="bad-manifest")
    return document


def _annotations(document: Mapping[str, Any], what: str) -> dict[str, str]:
    found = document.get("annotations")
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Untrusted(f"The annotations of a {what} are not strings.", code="bad-manifest")
    try:
        canonical(found)
    except UnicodeEncodeError as error:  # half of a surrogate pair: JSON can spell it, UTF-8 cannot
        raise Untrusted(f"The annotations of a {what} are not Unicode.", code="bad-manifest") from error
    return found


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image runs on, ``linux/amd64`` or ``linux/arm64/v8``."""

    os: str = "linux"
    architecture: str = "amd64"
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``os/architecture[/variant]``."""
        os, _, rest = text.lower().partition("/")
        architecture, _, variant = rest.partition("/")
        return cls(os or "linux", architecture or "amd64", variant)

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference to a blob: media type, digest, size in bytes."""

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """Read a descriptor strictly; raise `Untrusted` when a field is missing or of the wrong kind."""
        if not isinstance(document, dict):
            raise Untrusted("A descriptor is not a JSON object.", code="bad-manifest")
        media_type, size = document.get("mediaType"), document.get("size")
        if not isinstance(media_type, str) or not media_type:
            raise Untrusted("A descriptor has no mediaType.", code="bad-manifest")
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size < 1 << 63:
            raise Untrusted(f"A descriptor's size is {size!r}.", code="bad-manifest")
        annotations = _annotations(document, "descriptor")
        found = document.get("platform")
        platform = None
        if isinstance(found, dict):
            platform = Platform(
                str(found.get("os", "")), str(found.get("architecture", "")), str(found.get("variant") or "")
            )
        return cls(media_type, Digest.parse(document.get("digest")), size, annotations, platform)

    def to_json(self) -> dict[str, Any]:
        """Return the descriptor as the specification writes it."""
        document: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
        }
        if self.annotations:
            document["annotations"] = dict(self.annotations)
        if self.platform:
            document["platform"] = {"architecture": self.platform.architecture, "os": self.platform.os}
            if self.platform.variant:
                document["platform"]["variant"] = self.platform.variant
        return document

    @classmethod
    def of(cls, media_type: str, data: bytes, annotations: Mapping[str, str] | None = None) -> Self:
        """Describe `data`."""
        return cls(media_type, Digest.of(data), len(data), annotations or {})


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image manifest, or an artifact's when `artifact_type` is set."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    media_type: str = MANIFEST
    subject: Descriptor | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Parse a manifest; refuse one that is also an index, has too many layers or is of schema 1."""
        document = parse_object(data, "manifest")
        if document.get("schemaVersion") != 2 or "manifests" in document:
            raise Untrusted("The manifest is not an OCI or Docker schema 2 image manifest.", code="bad-manifest")
        media_type = document.get("mediaType", MANIFEST)
        if media_type not in MANIFEST_TYPES:
            raise Untrusted(f"The manifest is of unknown type {str(media_type)[:80]!r}.", code="bad-manifest")
        layers = document.get("layers")
        if not isinstance(layers, list) or len(layers) > LAYERS:
            raise Untrusted(f"The manifest does not list 0 to {LAYERS} layers.", code="bad-manifest")
        return cls(
            Descriptor.from_json(document.get("config")),
            tuple(Descriptor.from_json(layer) for layer in layers),
            _annotations(document, "manifest"),
            str(document.get("artifactType") or ""),
            media_type,
            _subject(document),
        )

    def to_bytes(self) -> bytes:
        """Return the canonical JSON of the manifest."""
        document: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "config": self.config.to_json(),
            "layers": [layer.to_json() for layer in self.layers],
        }
        if self.artifact_type:
            document["artifactType"] = self.artifact_type
        if self.subject:
            document["subject"] = self.subject.to_json()
        if self.annotations:
            document["annotations"] = dict(self.annotations)
        return canonical(document)


@dataclass(frozen=True, slots=True)
class Index:
    """An image index: several manifests under one name, or the table of contents of a layout."""

    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    subject: Descriptor | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Parse an index; refuse one that is also a manifest."""
        document = parse_object(data, "index")
        if document.get("schemaVersion") != 2 or "layers" in document:
            raise Untrusted("The index is not an OCI image index or Docker manifest list.", code="bad-manifest")
        manifests = document.get("manifests")
        if not isinstance(manifests, list):
            raise Untrusted("The index lists no manifests.", code="bad-manifest")
        return cls(
            tuple(Descriptor.from_json(entry) for entry in manifests),
            _annotations(document, "index"),
            str(document.get("artifactType") or ""),
            _subject(document),
        )

    def to_bytes(self, pieces: Sequence[bytes] | None = None) -> bytes:
        """Return the canonical JSON of the index.

        Args:
            pieces: The canonical JSON of each entry, if known.
        """
        if pieces is None:
            pieces = [canonical(entry.to_json()) for entry in self.manifests]
        members = {
            "schemaVersion": b"2",
            "mediaType": canonical(INDEX),
            "manifests": b"[" + b",".join(pieces) + b"]",
        }
        if self.artifact_type:
            members["artifactType"] = canonical(self.artifact_type)
        if self.subject:
            members["subject"] = canonical(self.subject.to_json())
        if self.annotations:
            members["annotations"] = canonical(dict(self.annotations))
        return b"{" + b",".join(canonical(name) + b":" + members[name] for name in sorted(members)) + b"}"

    def select(self, platform: Platform) -> Descriptor:
        """Return the entry for `platform`; raise `Untrusted` naming those there are."""
        fitting = [
            entry
            for entry in self.manifests
            if entry.platform
            and (entry.platform.os, entry.platform.architecture) == (platform.os, platform.architecture)
        ]
        exact = [entry for entry in fitting if entry.platform and entry.platform.variant == platform.variant]
        # Without a variant the first entry is taken; another variant would crash, as ARM v7 code does on v6.
        # 64-bit ARM has only one variant, which is often left out.
        either = not platform.variant or platform == Platform("linux", "arm64", "v8")
        for entry in exact or (fitting if either else []):
            return entry
        known = ", ".join(sorted({str(entry.platform) for entry in self.manifests if entry.platform}))
        raise Untrusted(f"The image has no variant for {platform}: it has {known or 'none'}.", code="no-platform")


def _subject(document: Mapping[str, Any]) -> Descriptor | None:
    """Return the subject of a manifest or an index."""
    found = document.get("subject")
    return None if found is None else Descriptor.from_json(found)


def children(raw: bytes) -> list[tuple[Descriptor, bool]]:
    """Return everything a manifest or an index consists of, with whether it must exist.

    An index may name manifests that were never fetched (another platform's), and a layer that may not be distributed
    is elsewhere. A subject is no part of its referrers.
    """
    document = parse_object(raw, "manifest")
    found: list[tuple[Descriptor, bool]] = []
    for name in ("config", "layers", "blobs", "manifests"):
        value = document.get(name)
        entries = value if isinstance(value, list) else [value]
        parts = [Descriptor.from_json(entry) for entry in entries if entry is not None]
        found += [(part, name != "manifests" and part.media_type not in NONDISTRIBUTABLE) for part in parts]
    return found


def tag_of(entry: Descriptor) -> str:
    """Return the tag of an entry; empty when it has none."""
    _, colon, tag = entry.annotations.get(REF_NAME, "").rpartition(":")
    return tag if colon else ""
