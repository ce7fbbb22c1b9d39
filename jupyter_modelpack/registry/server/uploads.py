"""Upload sessions of an embedded registry, each of one or more requests.

Source: OCI distribution specification 1.1, "Pushing blobs". A client may resume its upload on another
connection, so a session ends when it is finished, cancelled or idle for too long, or when a new one needs its slot:
the one that has been idle longest is ended first, never one that receives data.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.registry.server.reply import Reply, error_answer, refuse_method

SESSIONS = 64
"""Most sessions at once; a client has a handful."""

IDLE_SECONDS = 3600.0
"""Seconds that a broken upload can be resumed."""

_RANGE = re.compile(r"(?:bytes )?(\d{1,18})-(\d{1,18})(?:/(?:\d{1,18}|\*))?")
"""``0-1023``; some clients write it as an answer's Content-Range is written."""


class Writer(Protocol):
    """A blob being written."""

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


class UploadStore(Protocol):
    """A store of blobs."""

    def new_blob(self, expected: int = 0) -> AbstractContextManager[Writer]:
        """Begin a blob."""
        ...


class _Session:
    def __init__(self, name: str, blobs: UploadStore) -> None:
        self.name, self.size, self.last = name, 0, time.monotonic()
        self.lock = threading.Lock()
        self._stack = ExitStack()
        self.blob = self._stack.enter_context(blobs.new_blob())

    def take(self, body: Iterable[bytes]) -> None:
        for chunk in body:
            self.blob.write(chunk)
            self.size += len(chunk)
            self.last = time.monotonic()

    def close(self) -> None:
        self._stack.close()


class Uploads:
    """The sessions of a registry.

    Args:
        blobs: The store for finished blobs.
        kept: Called with repository and digest of each finished blob.

    """

    def __init__(self, blobs: UploadStore, kept: Callable[[str, Digest], None]) -> None:
        self._blobs, self._kept = blobs, kept
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def begin(self, name: str) -> Reply:
        """Open a session in the repository `name`."""
        self.sweep()
        with self._lock:
            if len(self._sessions) >= SESSIONS and not self._end_oldest():
                return error_answer(429, "TOOMANYREQUESTS", "Too many uploads at once.", {"Retry-After": "2"})
            key = secrets.token_hex(16)
            self._sessions[key] = _Session(name, self._blobs)
        return _underway(202, name, key, 0)

    def whole(self, name: str, wanted: Digest | None, body: Iterable[bytes]) -> Reply:
        """Store a blob that is sent in a single request."""
        session = _Session(name, self._blobs)
        try:
            session.take(body)
            return self._finish(session, wanted)
        finally:
            session.close()

    def go_on(
        self,
        name: str,
        key: str,
        method: str,
        headers: Mapping[str, str],
        wanted: Digest | None,
        body: Iterable[bytes],
    ) -> Reply:
        """Answer a request about a session.

        Args:
            name: The repository.
            key: Which session.
            method: GET asks for the offset, PATCH sends a chunk, PUT ends it with or without one, DELETE cancels it.
            headers: By lower-case name.
            wanted: The digest that a PUT names.
            body: The chunk.

        """
        session = self._sessions.get(key)
        if session is None or session.name != name:
            return _unknown()
        if method not in {"GET", "PATCH", "PUT", "DELETE"}:
            return refuse_method("An upload goes on with PATCH and ends with PUT.", "GET, PATCH, PUT, DELETE")
        with session.lock:
            if self._sessions.get(key) is not session:
                return _unknown()  # it ended while we waited for the lock
            if method == "GET":
                return _underway(204, name, key, session.size)
            if method == "DELETE":
                self._drop(key)
                return Reply(204)
            refused = _misplaced(headers, session.size)
            if refused:
                return _underway(refused, name, key, session.size)
            session.take(body)
            if method == "PATCH":
                return _underway(202, name, key, session.size)
            try:
                return self._finish(session, wanted)
            finally:
                self._drop(key)

    def sweep(self) -> None:
        """End sessions that are idle for too long."""
        with self._lock:
            now = time.monotonic()
            for key in [key for key, one in self._sessions.items() if now - one.last > IDLE_SECONDS]:
                self._end(key)

    def close(self) -> None:
        """End every session to which nothing is being sent."""
        with self._lock:
            for key in list(self._sessions):
                self._end(key)

    def _finish(self, session: _Session, wanted: Digest | None) -> Reply:
        if wanted is None or session.blob.digest != wanted:
            return error_answer(400, "DIGEST_INVALID", "The bytes are not those of the digest.")
        session.blob.commit(LAYER)
        self._kept(session.name, wanted)
        return kept(session.name, wanted)

    def _end_oldest(self) -> bool:
        """End the session that has been idle longest; False when all receive data."""
        by_age = sorted(self._sessions, key=lambda key: self._sessions[key].last)
        return any(self._end(key) for key in by_age)

    def _end(self, key: str) -> bool:
        session = self._sessions[key]
        if not session.lock.acquire(blocking=False):
            return False  # it receives data
        try:
            del self._sessions[key]
            session.close()
        finally:
            session.lock.release()
        return True

    def _drop(self, key: str) -> None:
        with self._lock:
            session = self._sessions.pop(key, None)
        if session:
            session.close()


def digest_in(query: Mapping[str, list[str]], name: str) -> Digest | None:
    """Return a digest of a request's query; None when there is none, or it is not one of ours."""
    try:
        return Digest.parse(query.get(name, [""])[-1])
    except ModelpackError:
        return None


def kept(name: str, digest: Digest) -> Reply:
    """Answer that a blob was stored."""
    return Reply(201, b"", {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})


def _misplaced(headers: Mapping[str, str], size: int) -> int:
    """Return the error status for a chunk that does not continue the last one, or 0."""
    given = headers.get("content-range")
    if given is None:
        return 0
    found = _RANGE.fullmatch(given.strip())
    if not found or int(found[1]) != size:
        return 416
    length = headers.get("content-length", "")
    fits = not length.isdecimal() or int(found[2]) - int(found[1]) + 1 == int(length)
    return 0 if fits else 416


def _unknown() -> Reply:
    return error_answer(404, "BLOB_UPLOAD_UNKNOWN", "There is no such upload.")


def _underway(status: int, name: str, key: str, size: int) -> Reply:
    headers = {
        "Location": f"/v2/{name}/blobs/uploads/{key}",
        "Range": f"0-{max(size - 1, 0)}",
        "Docker-Upload-UUID": key,
    }
    return Reply(status, b"", headers)
