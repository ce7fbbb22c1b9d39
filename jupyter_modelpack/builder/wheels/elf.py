"""Read what a shared object needs from its dynamic section.

Source: the System V ABI, "Program Loading and Dynamic Linking", and its supplements for 64-bit processors.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAGIC = b"\x7fELF"
_64_BITS_LITTLE = b"\x02\x01"
_PT_LOAD, _PT_DYNAMIC = 1, 2
_NEEDED, _STRTAB, _SONAME, _RPATH, _RUNPATH = 1, 5, 14, 15, 29
_MOST = 4096
"""Program headers, and entries of a dynamic section, that any honest file has less of."""

_NAME_BYTES = 4096


@dataclass(frozen=True, slots=True)
class SharedObject:
    """A shared object, or a program that is linked dynamically.

    Attributes:
        name: What others need it by (its SONAME), empty where it does not say.
        needs: Names of the libraries without which it is not loaded.
        search: Folders it names itself to find them in; ``$ORIGIN`` is its own.
    """

    name: str
    needs: tuple[str, ...]
    search: tuple[str, ...] = ()


def read_elf(data: memoryview) -> SharedObject | None:
    """Return what an ELF file for a 64-bit little-endian processor says; None for anything else, damaged ones too."""
    if bytes(data[:4]) != MAGIC or bytes(data[4:6]) != _64_BITS_LITTLE:
        return None
    try:
        return _read(data)
    except (struct.error, StopIteration, UnicodeDecodeError, OverflowError):
        return None


def _read(data: memoryview) -> SharedObject | None:
    (start,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    segments = [struct.unpack_from("<IIQQQQQQ", data, start + n * size) for n in range(min(count, _MOST))]
    loaded = [(address, offset, length) for kind, _, offset, address, _, length, *_ in segments if kind == _PT_LOAD]
    dynamic = [(offset, length) for kind, _, offset, _, _, length, *_ in segments if kind == _PT_DYNAMIC]
    if not dynamic:
        return None
    offset, length = dynamic[0]
    entries = [struct.unpack_from("<qQ", data, offset + 16 * n) for n in range(min(length // 16, _MOST))]
    address = next(value for tag, value in entries if tag == _STRTAB)
    strings = next(offset + address - first for first, offset, length in loaded if first <= address < first + length)

    def text(tag: int) -> list[str]:
        return [_text(data, strings + value) for found, value in entries if found == tag]

    search = [folder for paths in (*text(_RUNPATH), *text(_RPATH)) for folder in paths.split(":") if folder]
    return SharedObject("".join(text(_SONAME)[:1]), tuple(text(_NEEDED)), tuple(search))


def _text(data: memoryview, at: int) -> str:
    return bytes(data[at : at + _NAME_BYTES]).partition(b"\0")[0].decode()
