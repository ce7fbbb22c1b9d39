"""Read one wheel's files for a layer, without unpacking it to disk.

Source: the binary distribution format and recording-installed-distributions specifications. Gives the same as
`Installed` gives of what uv makes of the wheel.
"""

from __future__ import annotations

import csv
import io
import mmap
import stat
import struct
import zipfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from isal import isal_zlib

from jupyter_modelpack.builder.wheels.installed_dist import (
    entry_points,
    is_outside,
    is_stamp,
    normal,
    record,
    safe,
    script,
)
from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.limits import CHUNK, EXPANSION, EXPANSION_FREE

_DAMAGED = cast("type[Exception]", isal_zlib.error)  # its stub names an instance
"""What isal raises over damaged bytes. It inflates in half of zlib's time, a sixth of a first build's."""

_LOCAL = struct.Struct("<26xHH")
_UNIX = 3
_VERSIONED = "pip"
"""A project that uv gives one more script, named after the Python."""


class WheelFile:
    """A wheel; use as a context manager.

    Args:
        path: The file.
        env: Folder of the environment in the image, absolute.
    """

    def __init__(self, path: Path, env: str) -> None:
        self._path, self._env = path, env

    def __enter__(self) -> Self:
        self._file = self._path.open("rb")
        try:
            with zipfile.ZipFile(self._file) as archive:
                self._entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
            self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            self._file.close()
            raise Untrusted(f"{self._path.name} is not a wheel: {error}.", code="bad-wheel") from error
        self._by_name = {entry.filename: entry for entry in self._entries}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._map.close()
        self._file.close()

    def is_plain(self, name: str) -> bool:
        """Whether all files go to site-packages; otherwise uv installs the wheel of the project `name`."""
        total = sum(entry.file_size for entry in self._entries)
        return (
            normal(name) != _VERSIONED
            and len(self._dist_infos) == 1
            and normal(self._dist.split("-")[0]) == normal(name)
            and len(self._by_name) == len(self._entries)
            and f"{self._dist}/RECORD" in self._by_name
            and total <= EXPANSION_FREE + EXPANSION * len(self._map)
            and all(map(_is_plain, self._entries))
        )

    def modules(self) -> Iterator[tuple[str, bytes]]:
        """Yield its modules: path relative to site-packages, source."""
        return ((name, self._read(self._by_name[name])) for name in self._recorded if name.endswith(".py"))

    def files(self, bytecode: dict[str, bytes]) -> Iterator[tuple[str, bytes | BinaryIO, int, bool]]:
        """Yield (path relative to site-packages, content, size, executable), in the order of `Installed.files`."""
        for name in sorted({*self._recorded, *bytecode}):
            if name in bytecode:
                yield name, bytecode[name], len(bytecode[name]), False
            elif name == f"{self._dist}/RECORD":
                data = record(self._rows, self._dist, list(self._scripts))
                yield name, data, len(data), False
            else:
                entry = self._by_name[name]
                content = self._read(entry) if entry.file_size <= CHUNK else cast("BinaryIO", _Member(self, entry))
                executable = entry.create_system == _UNIX and bool((entry.external_attr >> 16) & 0o111)
                yield name, content, entry.file_size, executable
        for name, (module, call) in sorted(self._scripts.items()):
            data = script(self._env, module, call)
            yield f"../../../bin/{name}", data, len(data), True

    def packed(self) -> int:
        """Return its size."""
        return len(self._map)

    def raw(self, entry: zipfile.ZipInfo) -> memoryview:
        """Return a member's bytes as they lie in the archive."""
        try:
            names, extra = _LOCAL.unpack_from(self._map, entry.header_offset)
        except struct.error as error:
            raise self._damaged(entry) from error
        start = entry.header_offset + _LOCAL.size + names + extra
        return memoryview(self._map)[start : start + entry.compress_size]

    def _read(self, entry: zipfile.ZipInfo) -> bytes:
        with self.raw(entry) as raw:
            try:
                data = bytes(raw) if entry.compress_type == zipfile.ZIP_STORED else _inflate(raw, entry.file_size)
            except _DAMAGED as error:
                raise self._damaged(entry) from error
        if len(data) != entry.file_size or isal_zlib.crc32(data) != entry.CRC:
            raise self._damaged(entry)
        return data

    def _damaged(self, entry: zipfile.ZipInfo) -> Untrusted:
        return Untrusted(f"{self._path.name}: {entry.filename[:200]} is damaged.", code="bad-wheel")

    @cached_property
    def _dist_infos(self) -> set[str]:
        tops = (name.partition("/") for name in self._by_name)
        return {top for top, slash, _ in tops if slash and top.endswith(".dist-info")}

    @cached_property
    def _dist(self) -> str:
        return next(iter(self._dist_infos))

    @cached_property
    def _rows(self) -> list[list[str]]:
        try:
            text = self._read(self._by_name[f"{self._dist}/RECORD"]).decode()
            return [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        except (ValueError, csv.Error) as error:
            raise Untrusted(f"{self._path.name}: its RECORD cannot be read: {error}.", code="bad-wheel") from error

    @cached_property
    def _recorded(self) -> list[str]:
        named = (row[0] for row in self._rows)
        return [name for name in named if safe(name) and name in self._by_name and not is_stamp(name, self._dist)]

    @cached_property
    def _scripts(self) -> dict[str, tuple[str, str]]:
        entry = self._by_name.get(f"{self._dist}/entry_points.txt")
        return entry_points(self._read(entry), self._dist) if entry else {}


class _Member:
    """A large member, decompressed while it is read."""

    def __init__(self, wheel: WheelFile, entry: zipfile.ZipInfo) -> None:
        self._wheel, self._entry = wheel, entry
        self._left, self._crc, self._place = entry.file_size, 0, 0
        self._state = None if entry.compress_type == zipfile.ZIP_STORED else isal_zlib.decompressobj(-15)
        self._tail = b""

    def read(self, size: int = -1) -> bytes:
        del size  # in chunks of our own; `LayerWriter` asks for what is left at most
        if not self._left:
            return b""
        data = self._next(min(CHUNK, self._left))
        self._left -= len(data)
        self._crc = isal_zlib.crc32(data, self._crc)
        if not data or (not self._left and self._crc != self._entry.CRC):
            raise Untrusted(f"{self._entry.filename[:200]} in a wheel is damaged.", code="bad-wheel")
        return data

    def _next(self, size: int) -> bytes:
        with self._wheel.raw(self._entry) as raw:
            if self._state is None:
                self._place += size
                return bytes(raw[self._place - size : self._place])
            try:
                while not (data := self._state.decompress(self._tail, size)):
                    if self._place >= len(raw) or self._state.eof:
                        break
                    self._tail = bytes(raw[self._place : self._place + CHUNK])
                    self._place += len(self._tail)
                self._tail = self._state.unconsumed_tail
            except _DAMAGED as error:
                raise Untrusted(f"{self._entry.filename[:200]} in a wheel is damaged.", code="bad-wheel") from error
            return data


def _inflate(raw: memoryview, size: int) -> bytes:
    state = isal_zlib.decompressobj(-15)
    return state.decompress(raw, size + 1)


def _is_plain(entry: zipfile.ZipInfo) -> bool:
    top = entry.filename.partition("/")[0]
    kind = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == _UNIX else 0
    return (
        entry.filename != ""
        and kind in {0, stat.S_IFREG}
        and not entry.flag_bits & 0x1
        and entry.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
        and not top.endswith(".data")
        and not is_outside(entry.filename)
    )
