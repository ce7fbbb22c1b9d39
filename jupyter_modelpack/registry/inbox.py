"""What an embedded registry does with what it is given: uploads in sessions, then a manifest with a name.

Source: OCI distribution specification 1.1, "Push". Nothing here opens a socket. An upload lives as long as
the process; blobs are complete and verified before they have a name, manifests before they are named.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from jupyter_modelpack.errors import ModelpackError, NotFound, UsageError
from jupyter_modelpack.limits import MANIFEST_BYTES
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import INDEX_TYPES, LAYER, MANIFEST_TYPES, Descriptor, Index, Manifest
from jupyter_modelpack.oci.names import check_repository, check_tag
from jupyter_modelpack.registry.answers import Answer, error_answer

SESSIONS = 64
"""Uploads at once; a client has a handful."""

IDLE_SECONDS = 3600.0

_UPLOAD = re.compile(r"/v2/(?P<name>.+)/blobs/uploads/(?P<id>[0-9a-f]*)")
_MANIFEST = re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)")


class Writer(Protocol):
    """A blob in the making."""

    @property
    def digest(self) -> Digest:
        """Digest of what was written so far."""
        ...

    def write(self, data: bytes) -> int:
        """Append `data`."""
        ...

    def commit(self, media_type: str) -> Descriptor:
        """Make it visible."""
        ...


class Keeper(Protocol):
    """What keeps blobs and names: a layout."""

    def new_blob(self, expected: int = 0) -> AbstractContextManager[Writer]:
        """Begin a blob."""
        ...

    def has_blob(self, digest: Digest) -> bool:
        """Whether it is there."""
        ...

    def put_bytes(self, media_type: str, data: bytes) -> Descriptor:
        """Keep a small blob."""
        ...

    def tag(self, name: str, descriptor: Descriptor) -> None:
        """Name a manifest; raise `NotFound` when a blob of it is missing."""
        ...


class _Session:
    def __init__(self, name: str, keeper: Keeper) -> None:
        self.name, self.size, self.last = name, 0, time.monotonic()
        self.lock = threading.Lock()
        self._stack = ExitStack()
        self.blob = self._stack.enter_context(keeper.new_blob())

    def take(self, body: Iterable[bytes]) -> None:
        for chunk in body:
            self.blob.write(chunk)
            self.size += len(chunk)
            self.last = time.monotonic()

    def close(self) -> None:
        self._stack.close()


class Inbox:
    """Takes what clients push.

    Args:
        keeper: Where it goes.
        closed: Beginnings of repositories that nobody may push to.

    """

    def __init__(self, keeper: Keeper, closed: tuple[str, ...] = ()) -> None:
        self._keeper, self._closed = keeper, closed
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: Iterable[bytes]) -> Answer:
        """Answer a request that writes, or asks about an upload."""
        split = urlsplit(target)
        path, query = unquote(split.path), parse_qs(split.query)
        headers = {name.lower(): value for name, value in headers.items()}
        found = _UPLOAD.fullmatch(path) or _MANIFEST.fullmatch(path)
        if not found:
            return error_answer(405, "UNSUPPORTED", "Nothing can be written there.")
        name = found["name"]
        try:
            check_repository(name)
        except UsageError:
            return error_answer(400, "NAME_INVALID", "The repository name is not well formed.")
        if f"{name}/".startswith(self._closed):
            return error_answer(403, "DENIED", "The workspace keeps its own things there; choose another repository.")
        if found.re is _MANIFEST:
            if method != "PUT":
                return error_answer(405, "UNSUPPORTED", "Nothing is deleted here; the workspace's owner does that.")
            return self._manifest(name, found["reference"], headers.get("content-type", ""), body)
        if method == "POST" and not found["id"]:
            return self._begin(name, query)
        session = self._sessions.get(found["id"])
        if session is None or session.name != name:
            return error_answer(404, "BLOB_UPLOAD_UNKNOWN", "There is no such upload.")
        with session.lock:
            return self._go_on(found["id"], session, method, headers, query, body)

    def _begin(self, name: str, query: Mapping[str, list[str]]) -> Answer:
        wanted = _digest(query.get("mount", [""])[-1])
        if wanted and self._keeper.has_blob(wanted):
            return _kept(name, wanted)
        with self._lock:
            now = time.monotonic()
            for key in [key for key, one in self._sessions.items() if now - one.last > IDLE_SECONDS]:
                self._sessions.pop(key).close()
            if len(self._sessions) >= SESSIONS:
                return error_answer(429, "TOOMANYREQUESTS", "Too many uploads at once.", {"Retry-After": "2"})
            key = secrets.token_hex(16)
            self._sessions[key] = _Session(name, self._keeper)
        return _underway(202, name, key, 0)

    def _go_on(
        self,
        key: str,
        session: _Session,
        method: str,
        headers: Mapping[str, str],
        query: Mapping[str, list[str]],
        body: Iterable[bytes],
    ) -> Answer:
        if method == "GET":
            return _underway(204, session.name, key, session.size)
        if method == "DELETE":
            self._drop(key)
            return Answer(204)
        if method not in {"PATCH", "PUT"}:
            return error_answer(405, "UNSUPPORTED", "An upload goes on with PATCH and ends with PUT.")
        start = re.match(r"(\d{1,18})-", headers.get("content-range") or "")
        if start and int(start[1]) != session.size:
            return _underway(416, session.name, key, session.size)
        session.take(body)
        if method == "PATCH":
            return _underway(202, session.name, key, session.size)
        wanted = _digest(query.get("digest", [""])[-1])
        try:
            if wanted is None or session.blob.digest != wanted:
                return error_answer(400, "DIGEST_INVALID", "The bytes are not those of the digest.")
            session.blob.commit(LAYER)
        finally:
            self._drop(key)
        return _kept(session.name, wanted)

    def _drop(self, key: str) -> None:
        with self._lock:
            session = self._sessions.pop(key, None)
        if session:
            session.close()

    def _manifest(self, name: str, reference: str, content_type: str, body: Iterable[bytes]) -> Answer:
        raw = b""
        for chunk in body:
            raw += chunk
            if len(raw) > MANIFEST_BYTES:
                return error_answer(413, "SIZE_INVALID", "The manifest is too large.")
        media_type = content_type.partition(";")[0].strip()
        try:
            if media_type in MANIFEST_TYPES:
                Manifest.from_bytes(raw)
            elif media_type in INDEX_TYPES:
                Index.from_bytes(raw)
            else:
                return error_answer(400, "MANIFEST_INVALID", "Not a manifest or index of OCI or Docker.")
            wanted = Digest.parse(reference) if ":" in reference else None
            if wanted is None:
                check_tag(reference)
        except ModelpackError as error:
            return error_answer(400, "MANIFEST_INVALID", error.message)
        descriptor = Descriptor.of(media_type, raw)
        if wanted and wanted != descriptor.digest:
            return error_answer(400, "DIGEST_INVALID", "The manifest is not the one its digest names.")
        self._keeper.put_bytes(media_type, raw)
        try:
            if wanted is None:
                self._keeper.tag(f"{name}:{reference}", descriptor)
        except NotFound:
            return error_answer(400, "MANIFEST_BLOB_UNKNOWN", "A blob of the manifest has not been pushed.")
        location = f"/v2/{name}/manifests/{descriptor.digest}"
        return Answer(201, b"", {"Location": location, "Docker-Content-Digest": descriptor.digest})


def is_upload(target: str) -> bool:
    """Whether a request asks about an upload."""
    return _UPLOAD.fullmatch(unquote(urlsplit(target).path)) is not None


def _digest(text: str) -> Digest | None:
    try:
        return Digest.parse(text)
    except ModelpackError:
        return None


def _kept(name: str, digest: Digest) -> Answer:
    return Answer(201, b"", {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})


def _underway(status: int, name: str, key: str, size: int) -> Answer:
    headers = {
        "Location": f"/v2/{name}/blobs/uploads/{key}",
        "Range": f"0-{max(size - 1, 0)}",
        "Docker-Upload-UUID": key,
    }
    return Answer(status, b"", headers)
