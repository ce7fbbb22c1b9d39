"""Read a request's body, of a given length or in chunks (RFC 9112, 7.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BufferedIOBase

from jupyter_modelpack.limits import CHUNK, REQUEST_LINE_BYTES


def read_body(headers: Mapping[str, str], stream: BufferedIOBase) -> Iterator[bytes]:
    """Yield a request's body; raise `ConnectionError` when it ends early or cannot be understood."""
    known = {name.lower(): value.strip() for name, value in headers.items()}
    coding = known.get("transfer-encoding", "").lower()
    if coding:
        if coding != "chunked" or "content-length" in known:
            raise ConnectionError("a body of two lengths, or of a coding that we do not know")
        yield from _chunks(stream)
        return
    length = known.get("content-length", "0")
    if not (length.isascii() and length.isdecimal() and len(length) < 19):
        raise ConnectionError("a body of no length")
    yield from _exactly(stream, int(length))


def _exactly(stream: BufferedIOBase, left: int) -> Iterator[bytes]:
    while left:
        data = stream.read1(min(left, CHUNK))
        if not data:
            raise ConnectionError("the body ended early")
        left -= len(data)
        yield data


def _chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    while True:
        size = _line(stream).partition(b";")[0].strip()
        if not size or len(size) > 15 or not all(c in b"0123456789abcdefABCDEF" for c in size):
            raise ConnectionError("a chunk of no size")
        if not int(size, 16):
            break
        yield from _exactly(stream, int(size, 16))
        if _line(stream).strip():
            raise ConnectionError("a chunk of another size")
    while _line(stream).strip():
        pass  # trailers


def _line(stream: BufferedIOBase) -> bytes:
    line = stream.readline(REQUEST_LINE_BYTES)
    if not line.endswith(b"\n"):
        raise ConnectionError("the body ended early")
    return line
