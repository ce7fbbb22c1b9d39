"""Read and write the blobs of a layout by digest; writes are atomic, reads are verified."""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from jupyter_modelpack.errors import NotFound, Untrusted
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.store.files import AtomicFile, copy_stream, link_file, sync_folder
from jupyter_modelpack.store.lease import is_collected, lease
from jupyter_modelpack.store.os_errors import disk_errors, need_room
from jupyter_modelpack.store.verified_stream import VerifiedStream

SMALL = 1 << 18
"""Bytes up to which a blob is buffered in memory before it is written."""


@dataclass
class _Known:
    """What this process knows of a folder of blobs.

    Attributes:
        verified: Inode, size and time of change of each file whose digest it has seen.
        settled: Blobs whose directory entries are known to be durable.
        pending: Blobs this process wrote or relies on, whose entries the next fsync of the folder makes durable.
    """

    verified: dict[Digest, tuple[int, int, int]] = field(default_factory=dict)
    settled: set[Digest] = field(default_factory=set)
    pending: set[Digest] = field(default_factory=set)


_known: dict[Path, _Known] = {}


class Blobs:
    """Blobs by digest.

    A blob becomes durable together with the index entry that names it: one fsync of the folder covers all blobs of
    an image.

    Attributes:
        path: The layout's folder.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._blobs = path / "blobs" / "sha256"
        self._names = f"{self._blobs}/"
        self._known = _known.setdefault(path.absolute(), _Known())

    def work(self) -> AbstractContextManager[None]:
        """Protect blobs written or found within the block from garbage collection (promises.md F23)."""
        return lease(self.path).work()

    def rely_on(self, digests: Iterable[Digest]) -> None:
        """Protect those of `digests` that exist from garbage collection; cheaper than one by one."""
        lease(self.path).note(digests)

    def blob_path(self, digest: Digest) -> Path:
        """Path of the blob's file, whether or not it exists."""
        return self._blobs / digest.hex

    def has_blob(self, digest: Digest) -> bool:
        """Whether the blob exists; inside a `work` block it is then protected from garbage collection."""
        return self._size(digest) is not None

    def find_blob(self, digest: Digest) -> tuple[str, int] | None:
        """Return path and size of the blob's file, or None."""
        state = _state(path := self._names + digest.hex)
        return (path, state.st_size) if state else None

    def holds(self, descriptor: Descriptor) -> bool:
        """Whether the blob exists with its full size; inside a `work` block it is then protected."""
        return self._size(descriptor.digest) == descriptor.size

    def _size(self, digest: Digest) -> int | None:
        held = lease(self.path)
        if held.working:
            held.note((digest,))
        state = _state(self._names + digest.hex)
        return state.st_size if state else None

    def open_blob(self, descriptor: Descriptor) -> BinaryIO:
        """Open a blob; its stream raises `Untrusted` before the last byte if size or digest do not match."""
        try:
            with disk_errors(self.path, f"blob {descriptor.digest}", "read"):
                file = self.blob_path(descriptor.digest).open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"Blob {descriptor.digest} is not in the store at {self.path}.") from error
        return VerifiedStream(file, descriptor, lambda wrong: self._damaged(descriptor, wrong))  # type: ignore[return-value]

    def map_blob(
        self, descriptor: Descriptor, check: Callable[[], object] = lambda: None, *, verified: bool = True
    ) -> memoryview:
        """Return a blob's bytes where they lie on disk, after its digest was checked, once per process.

        Args:
            descriptor: The blob.
            check: Called for each chunk that is hashed; may raise to stop.
            verified: False checks the size alone: for what is only looked at and written nowhere.

        Raises:
            NotFound: there is no such blob.
            Untrusted: it is damaged.
        """
        self.open_blob(descriptor).close()  # the size is right
        if verified and not self._is_whole(descriptor, check):
            raise self._damaged(descriptor, "digest")
        path = self.blob_path(descriptor.digest)
        with disk_errors(self.path, f"blob {descriptor.digest}", "read"), path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))  # goes with the last view of it

    def put_blob(self, descriptor: Descriptor, stream: BinaryIO) -> None:
        """Store the bytes of `stream` as a blob; raise `Untrusted`, storing nothing, unless they match `descriptor`."""
        if self._is_sound(descriptor):
            return
        need_room(self._blobs, descriptor.size, "a blob")
        with AtomicFile(self._blobs, "a blob") as file:
            copy_stream(stream, file)
            if (file.digest, file.size) != (descriptor.digest, descriptor.size):
                raise Untrusted(
                    f"Received {file.size} bytes with digest {file.digest}, "
                    f"where {descriptor.size} bytes with digest {descriptor.digest} were announced.",
                    code="digest-mismatch",
                )
            self._name(file)

    def put_bytes(self, media_type: str, data: bytes) -> Descriptor:
        """Store `data`, which is small, as a blob."""
        with self.new_blob(len(data)) as blob:
            blob.write(data)
            return blob.commit(media_type)

    @contextmanager
    def new_blob(self, expected: int = 0) -> Iterator[BlobWriter]:
        """Write a blob whose digest is known only at its end: ``with ... as blob``, then `blob.commit`.

        Raises before anything is written if the disk has no space for `expected` bytes.
        """
        need_room(self._blobs, expected, "a layer")
        with contextlib.ExitStack() as stack:
            yield BlobWriter(self, lambda: stack.enter_context(AtomicFile(self._blobs, "a layer")))

    def adopt(self, source: Blobs, descriptor: Descriptor) -> None:
        """Add a blob of another store, by a hard link where the disk allows.

        Only a copy is verified by its digest. A link is checked by its size alone: it is verified whenever it is
        read, and hashing half a gigabyte of known layers would dominate the time of a build.
        """
        digest, path = descriptor.digest, self.blob_path(descriptor.digest)
        lease(self.path).note((digest,))
        state = _state(path)
        if state and state.st_size == descriptor.size:
            self._rely(digest)
            return
        if not source.has_blob(digest):
            raise NotFound(f"Blob {digest} is not in the store at {source.path}.")
        with source.open_blob(descriptor) as stream:  # the size is right
            if not path.exists() and link_file(source.blob_path(digest), path):
                self._rely(digest, new=True)
            else:
                with AtomicFile(self._blobs, "a layer") as file:
                    copy_stream(stream, file)
                    self._name(file)

    def adopt_image(self, image: Image, source: Blobs) -> None:
        """Add config, layers and manifest of an image of another store."""
        self.adopt_all(source, (*image.manifest.layers, image.manifest.config, image.descriptor))

    def adopt_all(self, source: Blobs, parts: Sequence[Descriptor]) -> None:
        """Add blobs of another store, which gets a lease only if it is one of ours; others are never written to."""
        for side in (self, source) if is_collected(source.path) else (self,):
            side.rely_on(part.digest for part in parts)
        for part in parts:
            self.adopt(source, part)

    def settle(self) -> None:
        """Make the directory entries of all blobs that this process wrote or relies on durable (promises.md F3)."""
        pending = self._known.pending.copy()
        if pending:
            sync_folder(self._blobs)
            self._known.settled |= pending
            self._known.pending -= pending

    def _is_sound(self, descriptor: Descriptor) -> bool:
        """Whether the blob exists and is intact; if so, it is protected from now on.

        Its digest is checked once per process, so that intact bytes at hand replace damaged ones (promises.md F18).
        """
        lease(self.path).note((descriptor.digest,))
        if not self._is_whole(descriptor):
            return False
        self._rely(descriptor.digest)
        return True

    def _is_whole(self, descriptor: Descriptor, check: Callable[[], object] = lambda: None) -> bool:
        digest, path = descriptor.digest, self.blob_path(descriptor.digest)
        state = _state(path)
        if state is None or state.st_size != descriptor.size:
            return False
        mark = (state.st_ino, state.st_size, state.st_mtime_ns)
        if self._known.verified.get(digest) != mark:
            with disk_errors(self.path, f"blob {digest}", "read"), path.open("rb") as stream:
                if Digest.of_stream(stream, check) != digest:
                    return False
            self._known.verified[digest] = mark
        return True

    def _name(self, file: AtomicFile) -> None:
        path = self.blob_path(file.digest)
        file.commit(path, sync=False)
        self._rely(file.digest, new=True)
        state = path.stat()
        self._known.verified[file.digest] = (state.st_ino, state.st_size, state.st_mtime_ns)

    def _rely(self, digest: Digest, *, new: bool = False) -> None:
        if new:
            self._known.settled.discard(digest)
        if digest not in self._known.settled:
            self._known.pending.add(digest)

    def _damaged(self, descriptor: Descriptor, wrong: str) -> Untrusted:
        names = self.users(descriptor.digest)
        hit = f" It belongs to {', '.join(names)}." if names else ""
        return Untrusted(
            f"Blob {descriptor.digest} in {self.path} is damaged: its {wrong} is wrong.{hit}",
            hint="Run `modelpack check --repair`: it takes it from where it is whole, or says what to make again.",
            code="digest-mismatch",
        )

    def users(self, digest: Digest) -> list[str]:
        """Return the index entries that reach a blob; blobs without an index have none."""
        del digest
        return []


def _state(path: str | Path) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - a hundred of them in a build that changes nothing
    except FileNotFoundError:
        return None


class BlobWriter:
    """A blob being written: `write`, then `commit` with its media type.

    A small one is buffered in memory until it is committed: most exist already and need no file.
    """

    def __init__(self, blobs: Blobs, create: Callable[[], AtomicFile]) -> None:
        self._blobs, self._create = blobs, create
        self._gathered = bytearray()
        self._file: AtomicFile | None = None

    def write(self, data: bytes) -> int:
        """Append `data`."""
        if self._file is None:
            if len(self._gathered) + len(data) <= SMALL:
                self._gathered += data
                return len(data)
            self._file = self._spill()
        return self._file.write(data)

    def share(self, source: BinaryIO, size: int, on_read: Callable[[int], object]) -> bool:
        """Append `size` bytes of the file `source` by sharing its disk blocks; False where the disk cannot."""
        self._file = self._file or self._spill()
        return self._file.share(source, size, on_read)

    @property
    def digest(self) -> Digest:
        """Digest of what was written so far."""
        return self._file.digest if self._file else Digest.of(bytes(self._gathered))

    def descriptor(self, media_type: str) -> Descriptor:
        """Describe what was written so far."""
        size = self._file.size if self._file else len(self._gathered)
        return Descriptor(media_type, self.digest, size)

    def commit(self, media_type: str) -> Descriptor:
        """Make the blob visible under its digest; return its descriptor."""
        descriptor = self.descriptor(media_type)
        commit_all([self])
        return descriptor

    def _unknown(self) -> AtomicFile | None:
        """Return the file to rename, or None when the store has the blob."""
        if self._blobs._is_sound(self.descriptor(LAYER)):  # noqa: SLF001 - the writer's other half
            return None
        self._file = self._file or self._spill()
        return self._file

    def _spill(self) -> AtomicFile:
        file = self._create()
        if self._gathered:
            file.write(bytes(self._gathered))
        return file


def commit_all(writers: Sequence[BlobWriter]) -> None:
    """Make blobs visible, with their fsyncs in parallel."""
    found = [(writer, file) for writer in writers if (file := writer._unknown())]  # noqa: SLF001
    if len(found) > 1:
        with ThreadPoolExecutor(len(found)) as pool:
            list(pool.map(AtomicFile.sync, (file for _, file in found)))
    for writer, file in found:
        writer._blobs._name(file)  # noqa: SLF001
