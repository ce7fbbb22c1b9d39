"""A read-only view of an image, common to all sources and sinks.

A store, a registry, an archive: each can give an `Image`; push, load and save take one. Bytes stay
where they are until they are opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.limits import CONFIG_BYTES
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import MANIFEST, Descriptor, Manifest, Platform, parse_object


class BlobSource(Protocol):
    """A source of blobs."""

    def open_blob(self, descriptor: Descriptor) -> BinaryIO:
        """Open the blob for reading; raise `NotFound` when it is not there.

        The stream verifies size and digest where its source may be wrong, and raises `Untrusted` before its last
        byte if they do not match `descriptor`.
        """
        ...


class BlobSink(Protocol):
    """A destination for blobs."""

    def has_blob(self, digest: Digest) -> bool:
        """Whether the blob is there already."""
        ...

    def put_blob(self, descriptor: Descriptor, stream: BinaryIO) -> None:
        """Store the bytes of `stream`; raise `Untrusted`, storing nothing, when they do not match."""
        ...


class RegistryContent(BlobSource, Protocol):
    """What an embedded registry serves: names, manifests and blobs of a store."""

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return the manifest named by a tag or a digest, or None."""
        ...

    def repositories(self) -> list[str]:
        """Return the names of the repositories, sorted."""
        ...

    def tags(self, repository: str) -> list[str]:
        """Return the tags of `repository`, sorted."""
        ...

    def referrers(self, repository: str, subject: Digest) -> list[Descriptor]:
        """Return the manifests of `repository` with that `subject`, by digest."""
        ...

    def find_blob(self, digest: Digest) -> tuple[str, int] | None:
        """Return path and size of a blob's file, so that it can be sent without a copy, or None."""
        ...


@dataclass(frozen=True)
class Image:
    """A manifest, its bytes, and where its blobs are.

    Attributes:
        descriptor: Of the manifest; `descriptor.digest` is the image's digest.
        manifest: The parsed manifest.
        raw: The manifest's exact bytes (what the digest is of).
        blobs: Where config and layers can be opened.

    """

    descriptor: Descriptor
    manifest: Manifest
    raw: bytes
    blobs: BlobSource

    @classmethod
    def from_raw(cls, raw: bytes, blobs: BlobSource) -> Image:
        """Make an image of a manifest's bytes."""
        manifest = Manifest.from_bytes(raw)
        return cls(Descriptor.of(manifest.media_type or MANIFEST, raw), manifest, raw, blobs)

    @property
    def digest(self) -> Digest:
        """The digest of the manifest."""
        return self.descriptor.digest

    @property
    def id(self) -> Digest:
        """The digest of the config: what engines call the image id."""
        return self.manifest.config.digest

    @property
    def size(self) -> int:
        """Bytes of all layers as stored; for uncompressed layers, what ``docker images`` shows."""
        return sum(layer.size for layer in self.manifest.layers)

    def config(self) -> Mapping[str, Any]:
        """Return the image config as parsed JSON; raise `Untrusted` when it is too large or no object."""
        if self.manifest.config.size > CONFIG_BYTES:
            raise Untrusted(f"The image config claims {self.manifest.config.size} bytes.", code="too-large")
        with self.blobs.open_blob(self.manifest.config) as stream:
            return parse_object(stream.read(CONFIG_BYTES + 1), "image config")

    def labels(self) -> dict[str, str]:
        """Return the labels that the config gives, those that are text: the image may come from anywhere."""
        found = self._setting("Labels")
        given = found.items() if isinstance(found, dict) else ()
        return {name: said for name, said in given if isinstance(said, str)}

    def variables(self) -> dict[str, str]:
        """Return the environment variables that the config gives, those that are text."""
        found = self._setting("Env")
        given = found if isinstance(found, list) else ()
        return dict(entry.partition("=")[::2] for entry in given if isinstance(entry, str))

    def _setting(self, name: str) -> Any:
        settings = self.config().get("config")
        return settings.get(name) if isinstance(settings, dict) else None

    def platform(self) -> Platform:
        """Return the platform that the config names."""
        config = self.config()
        return Platform(
            str(config.get("os") or "linux"),
            str(config.get("architecture") or "amd64"),
            str(config.get("variant") or ""),
        )

    def diff_ids(self) -> list[Digest]:
        """Return the digests of the uncompressed layers; raise `Untrusted` when they do not match the layers."""
        rootfs = self.config().get("rootfs")
        found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
        if not isinstance(found, list) or len(found) != len(self.manifest.layers):
            raise Untrusted("The image config does not name one diff_id for each layer.", code="bad-config")
        return [Digest.parse(entry) for entry in found]
