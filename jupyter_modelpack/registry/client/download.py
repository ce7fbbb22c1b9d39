"""Download a blob: verified while it streams, resumed after a break.

The last bytes are handed out only when size and digest are right. After a break the rest is asked for
by Range (RFC 9110, 14); a server that ignores the range sends all again and we skip what we have.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import CHUNK
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.registry.client.retry import Again, Retry

if TYPE_CHECKING:
    from requests import Response

    from jupyter_modelpack.registry.client.transport import Transport


class BlobStream(io.RawIOBase):
    """The bytes of one blob.

    Args:
        transport: Reads responses.
        descriptor: The blob's expected digest and size.
        open_at: Requests the blob from an offset on.
        retry: Waits between tries, or gives up.
        report: Asked whether to go on.
        progress: Called with the bytes of each chunk.

    """

    def __init__(
        self,
        transport: Transport,
        descriptor: Descriptor,
        open_at: Callable[[int], Response],
        retry: Retry,
        report: Reporter,
        progress: Callable[[int], None],
    ) -> None:
        self._transport, self._descriptor, self._open_at = transport, descriptor, open_at
        self._retry, self._report, self._progress = retry, report, progress
        self._state = hashlib.sha256()
        self._seen = self._broke_at = 0
        self._ended = False
        self._response: Response | None = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with the next bytes; raise `Untrusted` instead of handing out the last wrong ones."""
        if self._ended:
            return 0
        view = memoryview(buffer)
        while True:
            self._report.check()
            try:
                data = self._next(min(len(view), CHUNK))
                break
            except Again as again:
                self._hang_up()
                if self._seen - self._broke_at >= CHUNK:
                    self._retry.progressed()
                self._broke_at = self._seen
                self._retry.wait(again)
        view[: len(data)] = data
        self._progress(len(data))
        return len(data)

    def close(self) -> None:
        """Release the connection."""
        self._hang_up()
        super().close()

    def _next(self, limit: int) -> bytes:
        response = self._response or self._open()
        left = self._descriptor.size - self._seen
        data = self._transport.read(response, min(limit, left)) if left else b""
        if left and not data:
            raise Again(f"the connection ended after {self._seen} of {self._descriptor.size} bytes")
        if len(data) == left:
            if self._transport.read(response, 1):
                raise self._wrong(f"it is longer than the {self._descriptor.size} bytes announced")
            self._ended = True
        self._state.update(data)
        self._seen += len(data)
        if self._ended:
            self._hang_up()
            if self._state.hexdigest() != self._descriptor.digest.hex:
                raise self._wrong(f"its digest is sha256:{self._state.hexdigest()}")
        return data

    def _open(self) -> Response:
        response = self._response = self._open_at(self._seen)
        size = self._descriptor.size
        if response.status_code == 206:
            expected = f"bytes {self._seen}-{size - 1}/"
            if response.headers.get("Content-Range") not in {f"{expected}{size}", f"{expected}*"}:
                raise self._wrong("the registry sends another part of it than was asked for")
            announced = size - self._seen
        else:
            announced = size
        length = response.headers.get("Content-Length")
        if length is not None and length != str(announced):
            raise self._wrong(f"the registry announces {length[:20]} bytes where {announced} are due")
        if response.status_code == 200:
            self._skip(response)
        return response

    def _skip(self, response: Response) -> None:
        left = self._seen
        while left:
            self._report.check()
            data = self._transport.read(response, min(left, CHUNK))
            if not data:
                raise Again("the connection ended while it was read again")
            left -= len(data)

    def _wrong(self, found: str) -> Untrusted:
        self._hang_up()
        return Untrusted(f"Blob {self._descriptor.digest} cannot be trusted: {found}.", code="digest-mismatch")

    def _hang_up(self) -> None:
        if self._response is not None:
            self._transport.release(self._response)
            self._response = None
