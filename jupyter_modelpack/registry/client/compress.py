"""Compress layers while they are pushed, reproducibly: gzip by ISA-L at level 1.

Same bytes in, same bytes out, on one release of the library; so what was compressed once is known by its
digest afterwards, and need not be compressed to be found in a registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

LEVEL = 1
_GZIP = 31
"""Window bits with which zlib writes a gzip header; ours has neither time nor file name."""


def compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield `chunks` as one gzip stream."""
    from isal import isal_zlib  # noqa: PLC0415 - only who pushes pays for it

    stream = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, _GZIP)
    for chunk in chunks:
        data = stream.compress(chunk)
        if data:
            yield data
    yield stream.flush()
