"""Count reloads that were asked for, served or refused: written by the reloader, read by every worker."""

import os
import struct
from typing import NamedTuple

_FORM = struct.Struct("<QQQ")


class Counts(NamedTuple):
    """Generations since the start; no request is open when `asked` equals `served` plus `refused`."""

    asked: int = 0
    served: int = 0
    refused: int = 0


def share() -> int:
    """Make the memory that all processes see; give its descriptor, which also a fresh process inherits."""
    descriptor = os.memfd_create("modelpack-generations", 0)
    write(descriptor, Counts())
    return descriptor


def write(descriptor: int, counts: Counts) -> None:
    """Replace the counts."""
    os.pwrite(descriptor, _FORM.pack(*counts), 0)


def read(descriptor: int) -> Counts:
    """Return the counts as they are now."""
    return Counts(*_FORM.unpack(os.pread(descriptor, _FORM.size, 0)))
