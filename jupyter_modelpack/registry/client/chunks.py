"""A stream as the pieces of an upload, the next one made while one is on the line."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor


def pieces(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the bytes of `chunks` in pieces of `size`, the last one shorter; at least one."""
    held: list[memoryview] = []
    count, given = 0, False
    for chunk in chunks:
        rest = memoryview(chunk)
        while count + len(rest) >= size:
            yield b"".join([*held, rest[: size - count]])
            rest = rest[size - count :]
            held, count, given = [], 0, True
        held.append(rest)
        count += len(rest)
    if count or not given:
        yield b"".join(held)


def ahead(made: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Yield what `made` yields; while one is dealt with, a thread makes the next, and none after that.

    Reading, compressing and hashing let go of the interpreter lock, as sending does: both cores work.
    Close it where it is not read to its end; it then waits for the piece that is being made.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="modelpack-ahead") as pool:
        coming = pool.submit(next, made, None)
        while (piece := coming.result()) is not None:
            coming = pool.submit(next, made, None)
            yield piece
