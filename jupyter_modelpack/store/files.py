"""Write files durably: temporary file, fsync, rename, fsync of the folder; only this module writes to stores.

A file appears under its name only when all its bytes are on disk. A temporary file is locked by its writer
for as long as that process lives; one without a lock is garbage and gets swept (promises.md F1-F3).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from jupyter_modelpack.limits import CHUNK
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.store import failpoints
from jupyter_modelpack.store.hashing import Hasher
from jupyter_modelpack.store.os_errors import disk_errors

TEMP_PREFIX = ".tmp-"
_FICLONERANGE = 0x4020940D
"""Linux' ioctl that gives a file the blocks of another, to be copied when one of them is changed."""
_NO_SHARING = {
    errno.EBADF,
    errno.EINVAL,
    errno.EISDIR,
    errno.ENOSYS,
    errno.ENOTSUP,
    errno.ENOTTY,
    errno.EOPNOTSUPP,
    errno.EPERM,
    errno.ETXTBSY,
    errno.EXDEV,
}
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


def make_folder(path: Path) -> None:
    """Create a private folder (0700) with its parents, which are as private (threat-model.md T13)."""
    if path.is_dir():
        return
    with disk_errors(path, "a folder"):
        for folder in reversed([path, *path.parents]):
            if folder == path or not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)  # `parents=True` would make open ones


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    with disk_errors(path, "a folder"):
        failpoints.point("fsync folder")
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class AtomicFile:
    """A file being written; `commit` gives it its name, otherwise it is removed.

    Use as a context manager. `write` also updates the digest.
    """

    def __init__(self, folder: Path, what: str, *, private: bool = False) -> None:
        self._folder, self._what = folder, what
        self.size = 0
        self._hasher = Hasher()
        self._synced = self._committed = False
        with disk_errors(folder, what):
            self._path, handle = _new_file(folder, 0o600 if private else 0o644)
        self._file = os.fdopen(handle, "wb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hasher.close()
        self._file.close()
        if not self._committed:
            self._path.unlink(missing_ok=True)

    @property
    def digest(self) -> Digest:
        """Digest of what was written so far."""
        return self._hasher.digest

    def write(self, data: bytes) -> int:
        """Append `data` whole."""
        self._hasher.update(data)  # first, so that large pieces are hashed by the thread while they are written
        with disk_errors(self._folder, self._what):
            failpoints.point("write")
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        self.size += len(data)
        self._synced = False
        return len(data)

    def share(self, source: BinaryIO, size: int, on_read: Callable[[int], object]) -> bool:
        """Append `size` bytes of the file `source` without writing them, where the disk can share its blocks.

        What is hashed is what is in this file now, whatever happens to the other one. `on_read` hears of every piece.
        Returns False, with nothing done, where the disk cannot.
        """
        with disk_errors(self._folder, self._what):
            failpoints.point("share")
            if not _shared(source, size, self._file.fileno(), self.size):
                return False
            self._synced = False
            with self._path.open("rb", buffering=0) as own:
                own.seek(self.size)
                while size:
                    if not (piece := own.read(min(size, CHUNK))):
                        raise OSError(errno.EIO, os.strerror(errno.EIO))
                    self._hasher.update(piece)
                    self.size += len(piece)
                    size -= len(piece)
                    on_read(len(piece))
            self._file.seek(self.size)
        return True

    def sync(self) -> None:
        """Wait until all bytes are on disk; `commit` does so unless it has been done."""
        with disk_errors(self._folder, self._what):
            failpoints.point("fsync")
            os.fsync(self._file.fileno())
        self._synced = True

    def commit(self, path: Path, *, sync: bool = True, durable: bool = True) -> None:
        """Give the file its name, all bytes being on disk first.

        Without `sync`, the name becomes durable only with the next fsync of the folder. Without `durable`, nothing is
        synced, and a power cut may leave an empty file.
        """
        if durable and not self._synced:
            self.sync()
        with disk_errors(path, self._what):
            failpoints.point("rename")
            self._path.rename(path)
            self._committed = True
        if sync and durable:
            sync_folder(path.parent)


def _shared(source: BinaryIO, size: int, target: int, at: int) -> bool:
    try:
        handle, begin = source.fileno(), source.tell()
    except (AttributeError, OSError):
        return False
    try:
        fcntl.ioctl(target, _FICLONERANGE, struct.pack("=qQQQ", handle, begin, size, at))
    except OSError as error:
        if error.errno not in _NO_SHARING:
            raise
        return False
    source.seek(begin + size)
    return True


def _new_file(folder: Path, mode: int) -> tuple[Path, int]:
    """Create a temporary file and lock it, against a sweep by another process."""
    while True:
        path = folder / f"{TEMP_PREFIX}{secrets.token_hex(8)}"
        failpoints.point("create")
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with contextlib.suppress(OSError):  # without flock, the file is merely not swept early
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return path, handle
        os.close(handle)  # swept between its creation and its lock


def write_file(path: Path, data: bytes, *, private: bool = False, durable: bool = True) -> None:
    """Replace the file at `path` by `data` atomically; unless `durable`, a power cut may leave it empty."""
    make_folder(path.parent)
    with AtomicFile(path.parent, path.name, private=private) as file:
        file.write(data)
        file.commit(path, durable=durable)


def link_file(source: Path, target: Path) -> bool:
    """Hard-link `source` to `target`; return whether the file system can. The folder is not synced."""
    with disk_errors(target, "a layer"):
        try:
            failpoints.point("link")
            os.link(source, target)
        except FileExistsError:
            return True
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            return False
    return True


def move_file(path: Path, target: Path) -> None:
    """Move a file within a layout, durably."""
    make_folder(target.parent)
    with disk_errors(target, path.name):
        failpoints.point("rename")
        path.rename(target)
    sync_folder(target.parent)
    sync_folder(path.parent)


def remove_file(path: Path) -> bool:
    """Remove a file; return whether it was there."""
    with disk_errors(path, path.name, "remove"):
        failpoints.point("unlink")
        try:
            path.unlink()
        except FileNotFoundError:
            return False
    return True


def copy_stream(stream: BinaryIO, file: AtomicFile) -> None:
    """Copy the rest of `stream` into `file` in chunks."""
    while chunk := stream.read(CHUNK):
        file.write(chunk)


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Create a folder that is removed afterwards, or swept once this process has ended."""
    with disk_errors(parent, "a temporary folder"):
        path, handle = _new_folder(parent)
    try:
        yield path
    finally:
        _clear(path)
        os.close(handle)


def loosen(path: Path) -> None:
    """Make a folder and those below it writable, so that they can be changed or removed."""
    with contextlib.suppress(OSError):
        path.chmod(0o700)
        for folder, below, _files in os.walk(path):
            for name in below:
                with contextlib.suppress(OSError):
                    one = Path(folder, name)
                    if not one.is_symlink():
                        one.chmod(0o700)


def _clear(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():  # read-only folders in it
        loosen(path)
        shutil.rmtree(path, ignore_errors=True)


def _new_folder(parent: Path) -> tuple[Path, int]:
    while True:
        path = parent / f"{TEMP_PREFIX}{secrets.token_hex(8)}"
        path.mkdir(mode=0o700)
        with contextlib.suppress(OSError):  # swept between its creation and its lock, or no flock: as above
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
            if path.exists():
                return path, handle
            os.close(handle)


def temporary(folder: Path | str) -> list[str]:
    """Return the temporary files in `folder`, those of other processes included."""
    names: list[str] = []
    directory = Path(folder)
    with (
        contextlib.suppress(FileNotFoundError),
        disk_errors(directory, "its names", "read"),
        os.scandir(directory) as found,
    ):
        names += (entry.path for entry in found if entry.name.startswith(TEMP_PREFIX))
    return names


def stale(folder: Path) -> Iterator[Path]:
    """Yield the temporary files in `folder` whose writer has ended; each is locked until the next."""
    for name in temporary(folder):
        with contextlib.suppress(OSError):  # removed meanwhile, or locked by a living writer
            try:
                handle = os.open(name, os.O_RDWR | os.O_CLOEXEC)  # NFS locks only what may be written
            except IsADirectoryError:
                handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield Path(name)
            finally:
                os.close(handle)


def sweep(folder: Path) -> int:
    """Remove temporary files in `folder` whose writer has ended; return how many."""
    swept = 0
    for path in stale(folder):
        if path.is_dir():
            _clear(path)
        else:
            path.unlink(missing_ok=True)
        swept += 1
    return swept
