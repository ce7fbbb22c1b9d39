"""Encode what a generator yields as a body: text and bytes as they are, anything else as a JSON array."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from types import AsyncGeneratorType, GeneratorType
from typing import Any, TypeGuard

from ..convert.encode import Encoder
from ..messages import JSON

TEXT = b"text/plain; charset=utf-8"
BYTES = b"application/octet-stream"

AnyGenerator = Generator[Any, None, None] | AsyncGenerator[Any, None]


def is_generator(value: object) -> TypeGuard[AnyGenerator]:
    """Return whether `value` is to be streamed; other iterables are one JSON array at once."""
    return isinstance(value, (GeneratorType, AsyncGeneratorType))


class Shape:
    """Encodes items by the type of the first one."""

    def __init__(self, first: Any, encode: Encoder) -> None:
        self._encode = encode
        self._json = not isinstance(first, (str, bytes, bytearray, memoryview))
        self.content_type = JSON if self._json else TEXT if isinstance(first, str) else BYTES
        self._before = b"["

    def chunk(self, item: Any) -> bytes:
        """Return the bytes of one more item."""
        if self._json:
            before, self._before = self._before, b","
            return before + self._encode([item])[1:-1]
        # Not bytes(item): of a number it makes as many zeros.
        return item.encode("utf-8", "replace") if isinstance(item, str) else bytes(memoryview(item))

    def end(self) -> bytes:
        """Return what comes after the last item."""
        return b"" if not self._json else b"[]" if self._before == b"[" else b"]"


def iterate(generator: AnyGenerator) -> Generator[Any, None, None]:
    """Iterate a generator of either kind from synchronous code."""
    return _stepped(generator) if isinstance(generator, AsyncGeneratorType) else generator  # type: ignore[return-value]


def _stepped(generator: AsyncGenerator[Any, None]) -> Generator[Any, None, None]:
    loop = asyncio.new_event_loop()
    try:
        while True:
            try:
                item = loop.run_until_complete(generator.__anext__())
            except StopAsyncIteration:
                return
            yield item
    finally:
        with contextlib.suppress(RuntimeError):  # one that was interrupted still runs, as it says
            loop.run_until_complete(generator.aclose())
        loop.close()


def iterate_async(generator: AnyGenerator) -> AsyncIterator[Any]:
    """Iterate a generator of either kind from a coroutine."""
    return generator if isinstance(generator, AsyncGeneratorType) else _walked(generator)


async def _walked(generator: Any) -> AsyncGenerator[Any, None]:
    iterator: Iterator[Any] = generator
    try:
        for item in iterator:
            yield item
    finally:
        generator.close()
