"""Handle pushes and deletions in an embedded registry.

Source: OCI distribution specification 1.1, "Push" and "Content Management". Nothing here opens a socket. Blobs are
complete and verified before they have a name, manifests before they are named.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from jupyter_modelpack.errors import ModelpackError, NotFound, Untrusted, UsageError
from jupyter_modelpack.limits import MANIFEST_BYTES
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import INDEX_TYPES, MANIFEST_TYPES, Descriptor, Index, Manifest, children, tag_of
from jupyter_modelpack.oci.names import check_repository, check_tag
from jupyter_modelpack.registry.server.reply import Reply, error_answer, refuse_method
from jupyter_modelpack.registry.server.uploads import Uploads, UploadStore, digest_in, kept

_UPLOAD = re.compile(r"/v2/(?P<name>.+)/blobs/uploads/(?P<key>[0-9a-f]*)")
_BLOB = re.compile(r"/v2/(?P<name>.+)/blobs/(?P<reference>[^/]+)")
_MANIFEST = re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)")


class Keeper(UploadStore, Protocol):
    """A store of blobs and names, such as a layout."""

    def find_blob(self, digest: Digest) -> tuple[str, int] | None:
        """Return path and size of a blob's file, or None."""
        ...

    def has_blob(self, digest: Digest) -> bool:
        """Whether the blob exists; if so, it is protected from garbage collection."""
        ...

    def remove_blob(self, digest: Digest) -> bool:
        """Remove a blob; return False where a name or another process needs it."""
        ...

    def put_bytes(self, media_type: str, data: bytes) -> Descriptor:
        """Store a small blob."""
        ...

    def tag_about(self, name: str, descriptor: Descriptor, subject: Digest | None) -> None:
        """Name a manifest, which may have a `subject`; raise `NotFound` when a blob of it is missing."""
        ...

    def keep(self, repository: str, descriptor: Descriptor, subject: Digest | None) -> None:
        """Store a manifest without a tag; raises as `tag_about` does."""
        ...

    def entries(self, repository: str) -> list[Descriptor]:
        """Return the manifests of a repository."""
        ...

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return the manifest named by a tag or a digest, or None."""
        ...

    def drop(self, repository: str, reference: str) -> bool:
        """Remove a tag, or a digest with all its tags."""
        ...

    def users_by_repository(self, digest: Digest) -> dict[str, str]:
        """Return the repositories in which a manifest needs a blob, each with the name of one."""
        ...


class Inbox:
    """Stores what clients push, and deletes what they may delete.

    Args:
        keeper: The store.
        closed: Prefixes of repositories that are read-only.
        own: Whether an entry was made by the workspace itself, and is the workspace's to delete or replace.

    """

    def __init__(
        self,
        keeper: Keeper,
        closed: tuple[str, ...] = (),
        own: Callable[[Descriptor], bool] = lambda _entry: False,
    ) -> None:
        self._keeper, self._closed, self._own = keeper, closed, own
        self._uploads = Uploads(keeper, self._noted)
        self._holders: dict[Digest, set[str]] = {}
        """Which repositories were given a blob since the registry began: no manifest may name it yet."""
        self._deleted: set[tuple[str, Digest]] = set()
        """Blobs that are gone from one repository and there in another."""
        self._lock = threading.Lock()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: Iterable[bytes]) -> Reply:
        """Answer a request that changes something, or asks about an upload."""
        split = urlsplit(target)
        path, query = unquote(split.path), parse_qs(split.query)
        headers = {name.lower(): value for name, value in headers.items()}
        found = _UPLOAD.fullmatch(path) or _BLOB.fullmatch(path) or _MANIFEST.fullmatch(path)
        if not found:
            return refuse_method("Nothing can be written there.", "GET, HEAD")
        name = found["name"]
        try:
            check_repository(name)
        except UsageError:
            return error_answer(400, "NAME_INVALID", "The repository name is not well formed.")
        if f"{name}/".startswith(self._closed):
            return error_answer(403, "DENIED", "The workspace keeps its own things there; choose another repository.")
        if found.re is _UPLOAD:
            return self._upload(name, found["key"], method, headers, query, body)
        if method == "DELETE":
            return (self._delete_blob if found.re is _BLOB else self._delete_manifest)(name, found["reference"])
        if found.re is _BLOB:
            return refuse_method("A blob is uploaded at /blobs/uploads/.", "GET, HEAD, DELETE")
        if method != "PUT":
            return refuse_method("A manifest is written with PUT.", "GET, HEAD, PUT, DELETE")
        tags = query.get("tag", []) if ":" in found["reference"] else []
        return self._manifest(name, found["reference"], tags, headers.get("content-type", ""), body)

    def has_deleted(self, target: str) -> bool:
        """Whether a request asks for a blob that was deleted from its repository and is there in another."""
        found = _BLOB.fullmatch(unquote(urlsplit(target).path)) if self._deleted else None
        return found is not None and (found["name"], found["reference"]) in self._deleted

    def sweep(self) -> None:
        """End uploads that are idle for too long."""
        self._uploads.sweep()

    def close(self) -> None:
        """Leave nothing on disk of uploads that were not finished."""
        self._uploads.close()

    def _upload(
        self,
        name: str,
        key: str,
        method: str,
        headers: Mapping[str, str],
        query: Mapping[str, list[str]],
        body: Iterable[bytes],
    ) -> Reply:
        if key:
            return self._uploads.go_on(name, key, method, headers, digest_in(query, "digest"), body)
        if method != "POST":
            return refuse_method("An upload begins with POST.", "POST")
        wanted = digest_in(query, "mount")
        if wanted and self._keeper.has_blob(wanted):
            self._noted(name, wanted)
            return kept(name, wanted)
        if "digest" in query and (headers.get("content-length", "0") != "0" or "transfer-encoding" in headers):
            return self._uploads.whole(name, digest_in(query, "digest"), body)
        return self._uploads.begin(name)

    def _noted(self, name: str, *digests: Digest) -> None:
        with self._lock:
            for digest in digests:
                self._holders.setdefault(digest, set()).add(name)
                self._deleted.discard((name, digest))

    def _manifest(self, name: str, reference: str, tags: list[str], content_type: str, body: Iterable[bytes]) -> Reply:
        raw = bytearray()
        for chunk in body:
            raw += chunk
            if len(raw) > MANIFEST_BYTES:
                return error_answer(413, "SIZE_INVALID", "The manifest is too large.")
        media_type = content_type.partition(";")[0].strip()
        try:
            parsed, parts = _parsed(media_type, bytes(raw)), children(bytes(raw))
            wanted = Digest.parse(reference) if ":" in reference else None
            for tag in [reference] if wanted is None else tags:
                check_tag(tag)
        except ModelpackError as error:
            return error_answer(400, "MANIFEST_INVALID", error.message)
        descriptor = Descriptor.of(media_type, bytes(raw))
        if wanted and wanted != descriptor.digest:
            return error_answer(400, "DIGEST_INVALID", "The manifest is not the one its digest names.")
        wrong = self._wrong_size(part for part, _needed in parts)
        if wrong:
            return error_answer(400, "SIZE_INVALID", wrong)
        named = [reference] if wanted is None else tags
        owned = {tag_of(entry): entry.digest for entry in self._keeper.entries(name) if self._own(entry)}
        if any(owned.get(tag, descriptor.digest) != descriptor.digest for tag in named):
            return error_answer(403, "DENIED", "The workspace made the image of this tag; choose another tag.")
        subject = parsed.subject.digest if parsed.subject else None
        self._keeper.put_bytes(media_type, bytes(raw))
        try:
            if wanted is not None:
                self._keeper.keep(name, descriptor, subject)
            for tag in named:
                if tag in owned:  # the tag names that image already, and stays the workspace's
                    continue
                self._keeper.tag_about(f"{name}:{tag}", descriptor, subject)
        except NotFound:
            return error_answer(400, "MANIFEST_BLOB_UNKNOWN", "A blob of the manifest has not been pushed.")
        self._noted(name, descriptor.digest, *(part.digest for part, _needed in parts))
        location = f"/v2/{name}/manifests/{descriptor.digest}"
        said: dict[str, str] = {"OCI-Subject": subject} if subject else {}
        said |= {"OCI-Tag": ", ".join(tags)} if tags else {}
        return Reply(201, b"", {"Location": location, "Docker-Content-Digest": descriptor.digest, **said})

    def _wrong_size(self, parts: Iterable[Descriptor]) -> str:
        """Name a blob whose size differs from its descriptor's; empty when none that exists does."""
        for part in parts:
            there = self._keeper.find_blob(part.digest)
            if there and there[1] != part.size:
                return f"The manifest says that {part.digest} has {part.size} bytes; it has {there[1]}."
        return ""

    def _delete_manifest(self, name: str, reference: str) -> Reply:
        by_digest = ":" in reference
        try:
            Digest.parse(reference) if by_digest else check_tag(reference)
        except ModelpackError:
            return error_answer(400, "DIGEST_INVALID", "Neither a tag nor a sha256 digest.")
        known = self._keeper.entries(name)
        found = self._keeper.resolve(name, reference)
        if found is None:
            code = "MANIFEST_UNKNOWN" if known else "NAME_UNKNOWN"
            return error_answer(404, code, "This registry has no such manifest.")
        if any(self._own(entry) for entry in known if reference in (tag_of(entry), entry.digest)):
            return error_answer(403, "DENIED", "The workspace made this image; it is deleted there, not from here.")
        above = self._keeper.users_by_repository(found.digest).get(name) if by_digest else None
        if above:
            return error_answer(403, "DENIED", f"{above} needs this manifest; delete that first.")
        self._keeper.drop(name, reference)
        return Reply(202)

    def _delete_blob(self, name: str, reference: str) -> Reply:
        try:
            digest = Digest.parse(reference)
        except ModelpackError:
            return error_answer(400, "DIGEST_INVALID", "Not a sha256 digest.")
        with self._lock:
            if (name, digest) in self._deleted or self._keeper.find_blob(digest) is None:
                return error_answer(404, "BLOB_UNKNOWN", "This registry has no such blob.")
            users = self._keeper.users_by_repository(digest)
            if any(entry.digest == digest for entry in self._keeper.entries(name)):
                return error_answer(403, "DENIED", "This blob is a manifest; delete it at /manifests/.")
            if name in users:
                return error_answer(403, "DENIED", f"{users[name]} needs this blob; delete that first.")
            holders = self._holders.get(digest, set())
            holders.discard(name)
            if users or holders or not self._keeper.remove_blob(digest):
                self._deleted.add((name, digest))
            else:
                self._holders.pop(digest, None)
        return Reply(202)


def _parsed(media_type: str, raw: bytes) -> Manifest | Index:
    """Parse a pushed manifest or index; raise `Untrusted` when it is neither."""
    if media_type in MANIFEST_TYPES:
        return Manifest.from_bytes(raw)
    if media_type in INDEX_TYPES:
        return Index.from_bytes(raw)
    raise Untrusted("Not a manifest or index of OCI or Docker.", code="bad-manifest")


def is_upload(target: str) -> bool:
    """Whether a request asks about an upload."""
    return _UPLOAD.fullmatch(unquote(urlsplit(target).path)) is not None
