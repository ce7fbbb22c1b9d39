"""Write and read layers: tar archives whose bytes depend on their content alone.

Source: OCI image specification 1.1, layer.md. Owners, times and order are fixed, so the same files
give the same digest on every machine.
"""

from __future__ import annotations

import io
import stat
import struct
import tarfile
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO, Literal, Protocol, runtime_checkable

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.limits import ARCHIVE_ENTRIES, CHUNK
from jupyter_modelpack.oci.tar_headers import BoundedInfo

MTIME = 315_619_200
"""1980-01-02, the time of every file we write: zip, which models like to use, knows none before 1980."""

UNREADABLE_TAR = (tarfile.TarError, ValueError, OverflowError, RecursionError, EOFError)
"""What `tarfile` raises over damaged headers; `TarError` is only the most frequent."""

Kind = Literal["file", "dir", "symlink"]


ALIGNED = 1 << 20
"""Bytes from which a file that may be shared begins at a multiple of `_DISK_BLOCK` of its layer."""

_DISK_BLOCK = 4096
"""Block size for sharing; on a disk with larger blocks, files are copied."""


class _Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


@runtime_checkable
class _Sharing(Protocol):
    def share(self, source: BinaryIO, size: int, on_read: Callable[[int], object], /) -> bool: ...


def _nobody(_count: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """One file, folder or symbolic link of a layer, by its path relative to the root."""

    path: str
    kind: Kind
    size: int = 0
    executable: bool = False
    target: str = ""


def check_path(path: str) -> str:
    """Return `path` if it is a plain relative POSIX path, else raise `Untrusted`.

    Refused: empty, absolute, ``.`` and ``..`` parts, NUL, and anything that is not UTF-8.
    """
    parts = path.split("/")
    if not path or "\0" in path or any(part in {"", ".", ".."} for part in parts):
        raise Untrusted(f"Unsafe path in an archive: {path[:200]!r}.", code="archive-unsafe")
    if not _is_utf8(path):
        raise Untrusted(f"A path in an archive is not UTF-8: {path[:200]!r}.", code="archive-unsafe")
    return path


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class LayerWriter:
    """Writes a layer to a stream, adding each parent folder once before its first entry.

    Small writes are buffered: a wheel has thousands of files, and each write would be hashed separately.

    Args:
        out: Where the tar's bytes go.
        existing: Folders that a lower layer has and that need not be repeated.

    """

    def __init__(self, out: _Writable, existing: frozenset[str] = frozenset()) -> None:
        self._out = out
        self._gathered = bytearray()
        self._folders = set(existing)
        self._written: set[str] = set()
        self._offset = 0

    def directory(self, path: str) -> None:
        """Add a folder (0755) with its parents; a second time does nothing."""
        check_path(path)
        if path in self._folders:
            return
        if path in self._written:
            raise Untrusted(f"{path} is a file and a folder at once.", code="archive-unsafe")
        parent = path.rpartition("/")[0]
        if parent:
            self.directory(parent)
        self._folders.add(path)
        self._header(LayerEntry(path, "dir"))

    def file(
        self,
        path: str,
        content: bytes | BinaryIO,
        size: int | None = None,
        *,
        executable: bool = False,
        shared: bool = False,
        on_read: Callable[[int], object] = _nobody,
    ) -> None:
        """Add a file from bytes, or from a stream of exactly `size` bytes.

        Args:
            path: Relative to the root of the image.
            content: Its bytes.
            size: How many; needed for a stream.
            executable: Whether it may be run.
            shared: The stream is a file whose bytes need not be copied where the disk can share them. A large one
                gets a longer header, the same on every disk.
            on_read: Called with the number of bytes of each read; what it raises ends the writing.

        Raises:
            Untrusted: the stream held fewer or more bytes, or the path is there twice.

        """
        if isinstance(content, bytes):
            size, content = len(content), io.BytesIO(content)
        if size is None:
            raise ValueError("a stream needs its size")
        self._begin(path)
        entry, left = LayerEntry(path, "file", size, executable), size
        if shared and size >= ALIGNED:
            self._write(_aligned_header(entry, self._offset))
            if self._share(content, size, on_read):
                left = 0
        else:
            self._header(entry)
        while left:
            chunk = content.read(min(left, CHUNK))
            if not chunk:
                raise Untrusted(f"{path}: {left} bytes fewer than announced; it changed while it was read.")
            self._write(chunk)
            on_read(len(chunk))
            left -= len(chunk)
        if content.read(1):
            raise Untrusted(f"{path}: more bytes than announced; it changed while it was read.")
        self._write(b"\0" * (-size % tarfile.BLOCKSIZE))

    def symlink(self, path: str, target: str) -> None:
        """Add a symbolic link to `target`, which may lie anywhere in the image."""
        if not target or "\0" in target or not _is_utf8(target):
            raise Untrusted(f"{path} links to a path that cannot be written: {target[:200]!r}.", code="archive-unsafe")
        self._begin(path)
        self._header(LayerEntry(path, "symlink", target=target))

    def join(
        self,
        layer: bytes | memoryview,
        left_out: Container[str] = (),
        on_read: Callable[[int], object] = _nobody,
    ) -> None:
        """Add another layer that a `LayerWriter` made, without the files `left_out`; no folder is repeated.

        `on_read` is as in `file`. Raises `Untrusted` where the layer is damaged, or a path is there twice.
        """
        for path, is_folder, blocks, _ in _members(memoryview(layer)):
            if path in left_out:
                continue
            if not is_folder:
                self._begin(path)
            elif path in self._folders:
                continue
            else:
                self._folders.add(path)
            for start in range(0, len(blocks), CHUNK):
                chunk = bytes(blocks[start : start + CHUNK])
                self._write(chunk)
                on_read(len(chunk))

    def close(self) -> None:
        """Write the end of the archive."""
        self._write(b"\0" * (2 * tarfile.BLOCKSIZE))
        self._flush()

    def _begin(self, path: str) -> None:
        check_path(path)
        if path in self._written or path in self._folders:
            raise Untrusted(f"{path} is there twice.", code="archive-unsafe")
        self._written.add(path)
        parent = path.rpartition("/")[0]
        if parent:
            self.directory(parent)

    def _header(self, entry: LayerEntry) -> None:
        self._write(_plain_header(entry) or _pax_header(entry))

    def _share(self, source: BinaryIO, size: int, on_read: Callable[[int], object]) -> bool:
        self._flush()
        if not isinstance(self._out, _Sharing) or not self._out.share(source, size, on_read):
            return False
        self._offset += size
        return True

    def _write(self, data: bytes) -> None:
        self._offset += len(data)
        if len(data) >= CHUNK:
            self._flush()
            self._out.write(data)
            return
        self._gathered += data
        if len(self._gathered) >= CHUNK:
            self._flush()

    def _flush(self) -> None:
        if self._gathered:
            self._out.write(bytes(self._gathered))
            self._gathered.clear()


_NAME_BYTES = 100
_SIZE_LIMIT = 8**11
_TYPES = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE}


def _plain_header(entry: LayerEntry) -> bytes | None:
    """Return the header as POSIX.1-1988 has it, or None where a path or a size needs more.

    `tarfile` would write the same bytes, in a tenth of the speed.
    """
    name = entry.path + ("/" if entry.kind == "dir" else "")
    if not (name.isascii() and entry.target.isascii()) or entry.size >= _SIZE_LIMIT:
        return None
    if len(name) > _NAME_BYTES or len(entry.target) > _NAME_BYTES:
        return None
    block = struct.pack(
        "100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12x",
        name.encode(),
        b"%07o\0" % _mode(entry),
        b"0000000\0",
        b"0000000\0",
        b"%011o\0" % entry.size,
        b"%011o\0" % MTIME,
        b"        ",
        _TYPES[entry.kind],
        entry.target.encode(),
        tarfile.POSIX_MAGIC,
        *(b"",) * 5,  # names of owner and group, device numbers, prefix
    )
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _aligned_header(entry: LayerEntry, offset: int) -> bytes:
    """Return a header at `offset` after which a multiple of `_DISK_BLOCK` has been reached, by way of a PAX comment."""
    comment = " "
    # More than once where the longer comment's own length takes one digit more, and that one block more.
    while missing := -(offset + len(header := _pax_header(entry, comment))) % _DISK_BLOCK:
        comment += " " * missing
    return header


def _pax_header(entry: LayerEntry, comment: str = "") -> bytes:
    info = tarfile.TarInfo(entry.path + ("/" if entry.kind == "dir" else ""))
    info.size, info.mtime, info.linkname = entry.size, MTIME, entry.target
    info.type, info.mode = _TYPES[entry.kind], _mode(entry)
    info.pax_headers = {"comment": comment} if comment else {}
    return info.tobuf(format=tarfile.PAX_FORMAT, encoding="utf-8", errors="strict")


def _mode(entry: LayerEntry) -> int:
    if entry.kind == "symlink":
        return 0o777
    return 0o755 if entry.executable or entry.kind == "dir" else 0o644


def files_in(layer: memoryview) -> Iterator[tuple[str, memoryview]]:
    """Yield path and content of each file of a layer that a `LayerWriter` made; nothing is copied.

    Raises:
        Untrusted: the layer is damaged.

    """
    for path, is_folder, _, content in _members(layer):
        if not is_folder:
            yield path, content


def _members(layer: memoryview) -> Iterator[tuple[str, bool, memoryview, memoryview]]:
    """Yield path, whether it is a folder, all blocks, and content of each entry; quick, for the headers are ours.

    Raises:
        Untrusted: the layer is damaged.

    """
    try:
        yield from _read_members(layer)
    except (ValueError, IndexError) as error:
        raise Untrusted(f"Not a readable tar archive: {error}.", code="archive-unsafe") from error


def _read_members(layer: memoryview) -> Iterator[tuple[str, bool, memoryview, memoryview]]:
    at = 0
    while layer[at]:  # the archive ends with blocks of zeros
        start, long = at, ""
        header, size = _header(layer, at)
        if header[156:157] == tarfile.XHDTYPE:
            at += tarfile.BLOCKSIZE
            long = _long_path(bytes(layer[at : at + size]))
            at += size + -size % tarfile.BLOCKSIZE
            header, size = _header(layer, at)
        name = long or header[:_NAME_BYTES].rstrip(b"\0").decode()
        content = layer[at + tarfile.BLOCKSIZE : at + tarfile.BLOCKSIZE + size]
        at += tarfile.BLOCKSIZE + size + -size % tarfile.BLOCKSIZE
        yield name.removesuffix("/"), name.endswith("/"), layer[start:at], content


def _long_path(records: bytes) -> str:
    """Return the path that a PAX header gives, or an empty text; each record begins with its own length."""
    while records:
        length, _, rest = records.partition(b" ")
        if int(length) <= len(length):
            raise ValueError("a record of no length")
        key, _, value = rest[: int(length) - len(length) - 1].partition(b"=")
        if key == b"path":
            return value[:-1].decode()
        records = records[int(length) :]
    return ""


def _header(layer: memoryview, at: int) -> tuple[bytes, int]:
    header = bytes(layer[at : at + tarfile.BLOCKSIZE])
    size = int(header[124:135], 8)
    if size < 0:
        raise ValueError("a negative size")
    return header, size


def read_layer(stream: BinaryIO) -> Iterator[tuple[LayerEntry, BinaryIO | None]]:
    """Yield each entry of a layer made by `LayerWriter` with its content, which is to be read before the next.

    Raises:
        Untrusted: a path, kind or number of entries that our layers never have. The whole archive is
            refused; nothing is skipped.

    """
    try:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=BoundedInfo) as archive:
            for number, info in enumerate(archive):
                archive.members = []  # type: ignore[attr-defined]  # it would keep every one
                if number >= ARCHIVE_ENTRIES:
                    raise Untrusted(f"More than {ARCHIVE_ENTRIES} entries in an archive.", code="too-large")
                path = check_path(info.name.removesuffix("/"))
                if info.isdir():
                    yield LayerEntry(path, "dir"), None
                elif info.issym():
                    yield LayerEntry(path, "symlink", target=info.linkname), None
                elif info.isreg() and not info.issparse():
                    content = _Content(archive.extractfile(info))
                    yield LayerEntry(path, "file", info.size, bool(info.mode & stat.S_IXUSR)), content  # type: ignore[misc]
                else:
                    raise Untrusted(f"{path}: links and devices are not allowed.", code="archive-unsafe")
    except UNREADABLE_TAR as error:
        raise Untrusted(f"Not a readable tar archive: {error}.", code="archive-unsafe") from error


class _Content:
    """A file's bytes; a truncated archive raises `Untrusted`."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._stream = stream or io.BytesIO()

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except UNREADABLE_TAR as error:
            raise Untrusted(f"Not a readable tar archive: {error}.", code="archive-unsafe") from error
