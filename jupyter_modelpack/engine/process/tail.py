"""Reading a log file, from its end or as it grows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from jupyter_modelpack.limits import CHUNK, LINE_BYTES, TAIL_BYTES
from jupyter_modelpack.lines import Lines

_BLOCK = 64 << 10


def begin(file: BinaryIO) -> int:
    """Return where the log begins: behind the hole, where the supervisor has freed what was older."""
    here = file.tell()
    try:
        return os.lseek(file.fileno(), 0, os.SEEK_DATA)
    except OSError:  # empty
        return 0
    finally:
        os.lseek(file.fileno(), here, os.SEEK_SET)


def seek_tail(file: BinaryIO, lines: int) -> None:
    """Move to the beginning of the last `lines` lines, reading backwards no more than they take, and `TAIL_BYTES`."""
    first = begin(file)
    position = file.seek(0, 2)
    first = max(first, position - TAIL_BYTES)
    wanted = lines + 1
    while position > first and wanted:
        size = min(_BLOCK, position - first)
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
        path: A file that is appended to, and whose beginning may become a hole. Who reads so slowly that lines are
            freed before they are read gets one that says so.
        tail: Begin with this many lines before the end; None with the first.
        wait: Follows the file: waits a moment and returns whether more may still come. None reads to
            the end and no further.
        longest: What is kept of a line, in bytes.
    """
    lines, more = Lines(longest), True
    with path.open("rb", buffering=0) as file:
        if tail is None:
            file.seek(begin(file))
        else:
            seek_tail(file, tail)
        position = file.tell()
        cut = 0 < position == begin(file)  # a hole ends in the middle of a line
        while more:
            # Asked before reading: what was written before the writer's end is still read.
            more = wait() if wait else False
            if position > os.fstat(file.fileno()).st_size:
                position = file.seek(0)  # cut short, where the file system knows no holes
            while chunk := file.read(CHUNK):
                # Asked after reading: what lay in a hole by then was read as zeros, and is no text.
                if (first := begin(file)) > position:
                    yield f"... {first - position} bytes were freed before they were read"
                    position, lines, cut = file.seek(first), Lines(longest), True
                    continue
                position += len(chunk)
                found = lines.feed(chunk)
                if cut and found:
                    del found[0]
                    cut = False
                yield from found
    yield from lines.rest()
