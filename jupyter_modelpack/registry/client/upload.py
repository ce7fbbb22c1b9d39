"""Upload a blob: small ones whole, large ones in chunks that can be resumed.

Source: OCI distribution specification 1.1, "Pushing blobs". After a break the registry is asked for its
offset and gets the rest of the chunk; if it no longer knows the upload, that starts again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import PIECE_BYTES
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.registry.client.chunks import ahead, pieces
from jupyter_modelpack.registry.client.retry import Again, Retry
from jupyter_modelpack.registry.client.url_policy import check_location

if TYPE_CHECKING:
    from requests import Response

    from jupyter_modelpack.registry.client.connection import RegistryConnection

PIECE = 1 << 23
"""Bytes of one request, and the most that a break costs. Each upload holds three in memory: one is sent, one is
made, one is begun."""

_BYTES = {"Content-Type": "application/octet-stream"}

Body = Callable[[], Iterable[bytes]]


class Upload:
    """One upload of a blob.

    Args:
        line: The registry.
        repository: The repository to write to.
        what: The operation, as the beginning of a sentence.
        report: Asked between tries whether to go on.
        mount_from: A repository of the same registry that may hold it.

    """

    def __init__(
        self, line: RegistryConnection, repository: str, what: str, report: Reporter, mount_from: str = ""
    ) -> None:
        self._line, self._what, self._report, self._mount_from = line, what, report, mount_from
        self._repository = repository
        self._piece_bytes = PIECE
        self._scope = f"repository:{repository}:pull,push"
        if mount_from:
            self._scope += f" repository:{mount_from}:pull"

    def known(self, digest: Digest, size: int, body: Body) -> None:
        """Send a blob whose digest is known, unless the registry has it."""
        if size > PIECE:
            self._send(body, digest)
            return
        first = True

        def send() -> None:
            nonlocal first
            if not first and self._has(digest):
                return  # the last try arrived, only its response was lost
            first = False
            place = self._begin(digest)
            if place:
                self._finish(place, digest, b"".join(body()))

        self._line.retrying(send, self._what, self._report)

    def mount(self, digest: Digest) -> bool:
        """Mount the blob from `mount_from`; return whether that worked."""
        return not self._line.retrying(lambda: self._begin(digest), self._what, self._report)

    def unknown(self, body: Body) -> tuple[Digest, int]:
        """Send a blob that is still being made; return its digest and size."""
        stream = pieces(body(), PIECE)
        first = next(stream)
        if len(first) < PIECE:
            digest = Digest.of(first)
            if not self._line.retrying(lambda: self._has(digest), self._what, self._report):
                self.known(digest, len(first), lambda: [first])
            return digest, len(first)
        begun = iter([(first, stream)])

        def again() -> Iterator[bytes]:
            for head, rest in begun:
                yield head
                yield from rest
                return
            yield from body()

        return self._send(again)

    def _send(self, body: Body, digest: Digest | None = None) -> tuple[Digest, int]:
        retry = Retry(self._line.policy, self._report, self._what)
        furthest = 0
        while True:
            self._report.check()
            reached = 0
            try:
                place = self._begin(digest)
                if not place and digest:
                    return digest, 0
                state = hashlib.sha256()
                with closing(ahead(_hashed(pieces(body(), self._piece_bytes), state))) as made:
                    for piece in made:
                        place = self._piece(place, piece, reached)
                        reached += len(piece)
                found = Digest(f"sha256:{state.hexdigest()}")
                self._finish(place, found)
            except Again as again:
                if reached > furthest:
                    furthest = reached
                    retry.progressed()
                retry.wait(again)
                if digest and self._line.retrying(lambda: self._has(digest), self._what, self._report):
                    return digest, reached
            else:
                return found, reached

    def _begin(self, digest: Digest | None) -> str:
        """Start an upload; return its URL, or an empty one when the blob was mounted."""
        query = ""
        if self._mount_from and digest:
            query = f"?mount={quote(digest, safe='')}&from={quote(self._mount_from, safe='')}"
        url = f"{self._line.base}{self._repository}/blobs/uploads/{query}"
        started = self._line.expect(
            {201, 202}, self._line.ask("POST", url, self._scope, {"Content-Length": "0"}), self._what
        )
        self._line.transport.release(started)
        least = started.headers.get("OCI-Chunk-Min-Length", "")
        if least.isdecimal() and len(least) < 19:
            self._piece_bytes = max(PIECE, int(least))
            if self._piece_bytes > PIECE_BYTES:
                raise Untrusted(f"{self._what} failed: the registry wants pieces of {least} bytes.", code="too-large")
        return "" if started.status_code == 201 else self._place(started, "")

    def _piece(self, place: str, piece: bytes, start: int) -> str:
        """Send one chunk, the bytes of the blob from `start` on; return the URL for the next."""
        retry = Retry(self._line.policy, self._report, self._what)
        done = 0
        while done < len(piece):
            self._report.check()
            answered = False
            span = f"{start + done}-{start + len(piece) - 1}"
            headers = {**_BYTES, "Content-Length": str(len(piece) - done), "Content-Range": span}
            try:
                answer = self._line.ask("PATCH", place, self._scope, headers, piece[done:])
                if answer.status_code in {404, 416}:
                    self._line.transport.release(answer)
                    raise Again("the registry is at another place of it", after=0)
            except Again as again:
                retry.wait(again)
                place, reached = self._ask(place)
            else:
                self._line.transport.release(self._line.expect({202}, answer, self._what))
                place, answered = self._place(answer, place), True
                reached = _end_of(answer, start + len(piece))
            if not start <= reached <= start + len(piece):
                raise Again("the registry has lost a part of it", after=0)
            if reached - start > done:
                retry.progressed()
            elif answered:
                retry.wait(Again("the registry takes nothing of it", after=0))
            done = reached - start
        return place

    def _ask(self, place: str) -> tuple[str, int]:
        """Ask for the registry's offset; raise `Again` when it no longer knows the upload."""
        answer = self._line.ask("GET", place, self._scope, {})
        self._line.transport.release(answer)
        if answer.status_code != 204:
            raise Again("the registry has forgotten the upload", after=0)
        return self._place(answer, place), _end_of(answer, 0)

    def _finish(self, place: str, digest: Digest, data: bytes = b"") -> None:
        place += f"{'&' if '?' in place else '?'}digest={quote(digest, safe='')}"
        answer = self._line.ask("PUT", place, self._scope, {**_BYTES, "Content-Length": str(len(data))}, data)
        if not data and answer.status_code == 404:
            self._line.transport.release(answer)
            raise Again("the registry has forgotten the upload", after=0)
        self._line.transport.release(self._line.expect({201}, answer, self._what))

    def _has(self, digest: Digest) -> bool:
        path = f"{self._repository}/blobs/{digest}"
        return self._line.head(path, self._scope, self._what, self._report) is not None

    def _place(self, answer: Response, before: str) -> str:
        return check_location(self._line.base, answer.headers.get("Location") or before)


def _hashed(made: Iterable[bytes], state: hashlib._Hash) -> Iterator[bytes]:
    for piece in made:
        state.update(piece)
        yield piece


def _end_of(answer: Response, otherwise: int) -> int:
    """Return how many bytes a registry says it has: ``Range: 0-1023``, some write ``bytes=0-1023``."""
    said = answer.headers.get("Range")
    if said is None:
        return otherwise
    found = re.fullmatch(r"(?:bytes=)?0-(\d{1,18})", said.strip())
    if not found:
        raise Untrusted(f"The registry says that it has {said[:40]!r} of an upload.", code="bad-answer")
    # An empty upload is 0-0, as is one of a single byte; our chunks are longer than that.
    return int(found[1]) + 1 if int(found[1]) else 0
