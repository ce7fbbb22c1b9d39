"""Reading a log file, from its end or as it grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from jupyter_modelpack.limits import CHUNK, LINE_BYTES, TAIL_BYTES
from jupyter_modelpack.lines import Lines

_BLOCK = 64 << 10


def seek_tail(file: BinaryIO, lines: int) -> None:
    """Move to the beginning of the last `lines` lines, reading backwards no more than they take, and `TAIL_BYTES`."""
    position = file.seek(0, 2)
    first = max(0, position - TAIL_BYTES)
    wanted = lines + 1
    while position > first and wanted:
        size = min(_BLOCK, position)
        position = file.seek(position - size)
        block = file.read(size)
        if position + size == file.seek(0, 2) and not block.endswith(b"\n"):
            wanted -= 1  # the last line is not finished, so no newline ends it
        end = size
        while wanted and (found := block.rfind(b"\n", 0, end)) >= 0:
            end, wanted = found, wanted - 1
            if not wanted:
                position += found + 1
    file.seek(position)


def read_lines(
    path: Path, tail: int | None, wait: Callable[[], bool] | None, longest: int = LINE_BYTES
) -> Iterator[str]:
    """Yield the lines of `path`.

    Args:
        path: A file that is appended to.
        tail: Begin with this many lines before the end; None with the first.
        wait: Follows the file: waits a moment and returns whether more may still come. None reads to
            the end and no further.
        longest: What is kept of a line, in bytes.
    """
    lines, more = Lines(longest), True
    with path.open("rb") as file:
        if tail is not None:
            seek_tail(file, tail)
        while more:
            # Asked before reading: what was written before the writer's end is still read.
            more = wait() if wait else False
            while chunk := file.read(CHUNK):
                yield from lines.feed(chunk)
    yield from lines.rest()
