"""Client of a remote registry.

Source: OCI distribution specification 1.1, "Pull" and "Push". One `Registry` talks to one host and is safe to
use from any number of threads.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin

from jupyter_modelpack.errors import NotFound, Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import CHUNK, MANIFEST_BYTES, PAGES, TAGS
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import INDEX, INDEX_TYPES, MANIFEST_TYPES, Descriptor, parse_object
from jupyter_modelpack.oci.names import DOCKER_HUB
from jupyter_modelpack.registry.client.connection import RegistryConnection
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.registry.client.download import BlobStream
from jupyter_modelpack.registry.client.retry import Policy, Retry
from jupyter_modelpack.registry.client.upload import Upload
from jupyter_modelpack.registry.client.url_policy import check_location

if TYPE_CHECKING:
    from requests import Response


class Registry:
    """A connection to a registry.

    Args:
        host: ``host[:port]`` as in an image's name; ``docker.io`` and nothing mean Docker Hub.
        credentials: The login; by default the one kept by ``docker login`` or ``podman login``.
        plain_http: Speak http, not https. By default only to this machine.
        policy: How often to try.

    """

    def __init__(
        self,
        host: str,
        *,
        credentials: RegistryCredentials | None = None,
        plain_http: bool | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.host = host or DOCKER_HUB
        self._line = RegistryConnection(self.host, credentials, plain_http, policy)

    @property
    def url(self) -> str:
        """Base URL of its API."""
        return self._line.base

    def abort(self) -> None:
        """Abort every download; called from another thread than its reader's."""
        self._line.transport.abort()

    # --- reading ---

    def ping(self, report: Reporter | None = None) -> None:
        """Check that the registry answers and accepts the login."""
        self._line.read_small("", "", f"Reaching {self.host}", report or Reporter())

    def manifest(self, repository: str, reference: str, report: Reporter | None = None) -> tuple[Descriptor, bytes]:
        """Return a manifest or index by tag or digest, as descriptor and exact bytes.

        Raises:
            NotFound: there is none.
            Untrusted: it is too large, of a type we do not read, or not what its digest names.

        """
        what = f"Reading {self.host}/{repository} ({reference})"
        headers, raw = self._line.read_small(
            f"{repository}/manifests/{reference}", _pull(repository), what, report or Reporter(), MANIFEST_BYTES
        )
        media_type = headers.get("Content-Type", "").partition(";")[0].strip()
        if media_type not in (*MANIFEST_TYPES, *INDEX_TYPES):
            raise Untrusted(
                f"{what} failed: the answer is of type {media_type[:80]!r}, no image manifest we know.",
                hint="Is this the address of a registry? Images of schema 1 must be pushed again.",
                code="bad-manifest",
            )
        document = parse_object(raw, "manifest")
        if document.get("mediaType", media_type) != media_type:
            raise Untrusted(f"{what} failed: the manifest is not of the type announced.", code="bad-manifest")
        digest = Digest.of(raw)
        for claimed in (reference if ":" in reference else None, headers.get("Docker-Content-Digest")):
            if claimed is not None and Digest.parse(claimed) != digest:
                raise Untrusted(f"{what} failed: its digest is {digest}, not {claimed}.", code="digest-mismatch")
        return Descriptor(media_type, digest, len(raw)), raw

    def has_manifest(self, repository: str, reference: str, report: Reporter | None = None) -> Digest | None:
        """Return the digest the registry gives for a manifest (not verified), or None when it has none."""
        what = f"Looking for {self.host}/{repository} ({reference})"
        found = self._line.head(f"{repository}/manifests/{reference}", _pull(repository), what, report or Reporter())
        return None if found is None else Digest.parse(found.get("Docker-Content-Digest"))

    def has_blob(
        self, repository: str, digest: Digest, report: Reporter | None = None, *, pushing: bool = False
    ) -> bool:
        """Whether the repository has a blob; `pushing` asks for a token that may also write."""
        what = f"Looking for {digest} in {self.host}/{repository}"
        path = f"{repository}/blobs/{digest}"
        scope = _push(repository) if pushing else _pull(repository)
        return self._line.head(path, scope, what, report or Reporter()) is not None

    def open_blob(
        self,
        repository: str,
        descriptor: Descriptor,
        report: Reporter | None = None,
        progress: Callable[[int], None] = lambda _count: None,
    ) -> BinaryIO:
        """Open a blob; its bytes are verified while they stream, and downloading resumes after a break.

        Args:
            repository: The repository to read from.
            descriptor: The blob's expected digest and size.
            report: Asked at each chunk whether to go on.
            progress: Called with the bytes of each chunk.

        """
        report = report or Reporter()
        what = f"Reading {descriptor.digest} from {self.host}/{repository}"

        def open_at(offset: int) -> Response:
            headers = {"Range": f"bytes={offset}-"} if offset else {}
            path = f"{repository}/blobs/{descriptor.digest}"
            return self._line.expect({200, 206}, self._line.follow("GET", path, _pull(repository), headers), what)

        stream = BlobStream(
            self._line.transport, descriptor, open_at, Retry(self._line.policy, report, what), report, progress
        )
        return io.BufferedReader(stream, CHUNK)

    def tags(self, repository: str, report: Reporter | None = None) -> list[str]:
        """Return all tags of a repository, sorted, following pagination.

        Raises:
            Untrusted: the answer is no list of tags, leads elsewhere or does not end.

        """
        what = f"Listing the tags of {self.host}/{repository}"
        path, tags = f"{repository}/tags/list", set[str]()
        for _ in range(PAGES):
            headers, raw = self._line.read_small(path, _pull(repository), what, report or Reporter(), MANIFEST_BYTES)
            found = parse_object(raw, "list of tags").get("tags") or []
            if not isinstance(found, list) or not all(isinstance(tag, str) for tag in found):
                raise Untrusted(f"{what} failed: the answer lists no tags.", code="bad-answer")
            tags.update(found)
            following = _next_page(headers.get("Link", ""))
            if following is None:
                return sorted(tags)
            if len(tags) > TAGS:
                break
            path = check_location(urljoin(self._line.base, path), following)
        raise Untrusted(f"{what} failed: there is no end to them, {len(tags)} so far.", code="too-large")

    def lists_referrers(self, repository: str, subject: Digest, report: Reporter | None = None) -> bool:
        """Whether the registry has the referrers API (distribution specification 1.1)."""
        what = f"Asking {self.host}/{repository} what is about {subject}"
        try:
            headers, _raw = self._line.read_small(
                f"{repository}/referrers/{subject}", _pull(repository), what, report or Reporter(), MANIFEST_BYTES
            )
        except NotFound:
            return False
        return headers.get("Content-Type", "").partition(";")[0].strip() == INDEX

    # --- writing ---

    def put_blob(
        self,
        repository: str,
        descriptor: Descriptor,
        body: Callable[[], Iterable[bytes]],
        report: Reporter | None = None,
        mount_from: str = "",
    ) -> None:
        """Upload a blob, or mount it from another repository of the registry.

        Args:
            repository: The repository to write to.
            descriptor: The blob's digest and size.
            body: Returns its bytes in chunks; called again for another try.
            report: Asked between tries whether to go on.
            mount_from: A repository of the same registry that may hold it.

        """
        what = f"Uploading {descriptor.digest} to {self.host}/{repository}"
        upload = Upload(self._line, repository, what, report or Reporter(), mount_from)
        upload.known(descriptor.digest, descriptor.size, body)

    def put_stream(
        self, repository: str, title: str, body: Callable[[], Iterable[bytes]], report: Reporter | None = None
    ) -> tuple[Digest, int]:
        """Upload a blob that is still being made; return its digest and size.

        Args:
            repository: The repository to write to.
            title: What it is, for messages.
            body: Returns its bytes in chunks, the same ones each time it is called for another try.
            report: Asked between tries whether to go on.

        """
        what = f"Uploading {title} to {self.host}/{repository}"
        return Upload(self._line, repository, what, report or Reporter()).unknown(body)

    def mount(self, repository: str, digest: Digest, mount_from: str, report: Reporter | None = None) -> bool:
        """Mount a blob from another repository of the registry; return whether that worked."""
        what = f"Mounting {digest} in {self.host}/{repository}"
        return Upload(self._line, repository, what, report or Reporter(), mount_from).mount(digest)

    def put_manifest(
        self, repository: str, reference: str, descriptor: Descriptor, raw: bytes, report: Reporter | None = None
    ) -> None:
        """Upload a manifest under a tag or digest, after its blobs."""
        what = f"Naming {self.host}/{repository} ({reference})"
        url = f"{self._line.base}{repository}/manifests/{reference}"
        headers = {"Content-Type": descriptor.media_type}

        def put() -> str | None:
            scope = _push(repository)
            response = self._line.expect({201}, self._line.ask("PUT", url, scope, headers, raw), what)
            self._line.transport.release(response)
            return response.headers.get("Docker-Content-Digest")

        kept = self._line.retrying(put, what, report or Reporter())
        if kept is not None and kept != descriptor.digest:
            raise Untrusted(
                f"{what} failed: the registry made {kept[:80]} of {descriptor.digest}.", code="digest-mismatch"
            )


def _pull(repository: str) -> str:
    return f"repository:{repository}:pull"


def _push(repository: str) -> str:
    return f"repository:{repository}:pull,push"


def _next_page(link: str) -> str | None:
    """Return the URL of the next page from a Link header (RFC 8288), or None."""
    from requests.utils import parse_header_links  # noqa: PLC0415 - one answer in many has such a header

    for one in parse_header_links(link) if link else ():
        rel = next((value for key, value in one.items() if key.lower() == "rel"), "")
        if "next" in rel.lower().split():
            return one["url"]
    return None
