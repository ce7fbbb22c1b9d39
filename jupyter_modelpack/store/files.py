"""The only writer of the store: temp, write, fsync, rename, fsync the folder.

A file is visible under its name only when all its bytes are on disk. A temporary file is locked by
its writer for as long as that lives; one that nobody locks is rubbish and gets swept.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from filelock import FileLock, Timeout

from jupyter_modelpack.errors import Conflict, Denied, Unavailable, Untrusted
from jupyter_modelpack.oci.digest import Digest

TEMP_PREFIX = ".tmp-"
LOCK_SECONDS = 60.0
"""How long a writer waits for another one; index updates take milliseconds."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextlib.contextmanager
def disk_errors(path: Path, what: str) -> Iterator[None]:
    """Turn the operating system's word on a full or closed disk into one line of ours."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            free = shutil.disk_usage(_existing(path)).free
            raise Unavailable(
                f"Could not write {what}: the disk that holds {path} is full ({free // 1_000_000} MB free).",
                hint="Free some space and run it again: what was complete before is still there.",
                code="disk-full",
                retry=True,
            ) from error
        if error.errno in _DENIED:
            raise Denied(
                f"Could not write {what}: {error.strerror} at {error.filename or path}.",
                hint="Choose a folder of yours with MODELPACK_HOME or Workspace.create(path=...).",
            ) from error
        raise


def _existing(path: Path) -> Path:
    return next((folder for folder in (path, *path.parents) if folder.exists()), Path("/"))


def make_folder(path: Path) -> None:
    """Create a private folder (0700) with its parents, which are as private (threat T13)."""
    with disk_errors(path, "a folder"):
        for folder in reversed([path, *path.parents]):
            if folder == path or not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)  # `parents=True` would make open ones


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class AtomicFile:
    """A file in the making; it gets its name by `commit` and vanishes otherwise.

    Use as a context manager. `write` hashes alongside.
    """

    def __init__(self, folder: Path, what: str, *, private: bool = False) -> None:
        self._folder, self._what = folder, what
        self.size = 0
        self._state = hashlib.sha256()
        with disk_errors(folder, what):
            self._path, handle = _new_file(folder, 0o600 if private else 0o644)
        self._file = os.fdopen(handle, "wb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    @property
    def digest(self) -> Digest:
        """Digest of what was written so far."""
        return Digest(f"sha256:{self._state.hexdigest()}")

    def write(self, data: bytes) -> int:
        """Append `data` whole."""
        with disk_errors(self._folder, self._what):
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        self._state.update(data)
        self.size += len(data)
        return len(data)

    def commit(self, path: Path) -> None:
        """Give the file its name, all bytes being on disk first."""
        with disk_errors(path, self._what):
            os.fsync(self._file.fileno())
            self._path.rename(path)
            sync_folder(path.parent)


def _new_file(folder: Path, mode: int) -> tuple[Path, int]:
    """Create a temporary file and lock it, against a sweep by another process."""
    while True:
        path = folder / f"{TEMP_PREFIX}{secrets.token_hex(8)}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with contextlib.suppress(OSError):  # a file system without flock only loses the early sweep
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return path, handle
        os.close(handle)  # swept between its creation and its lock


def write_file(path: Path, data: bytes, *, private: bool = False) -> None:
    """Replace the file at `path` by `data`, wholly or not at all."""
    make_folder(path.parent)
    with AtomicFile(path.parent, path.name, private=private) as file:
        file.write(data)
        file.commit(path)


def link_file(source: Path, target: Path, expected: Digest) -> None:
    """Put the blob at `source` also at `target`: by hard link where the disk can, else by a checked copy."""
    with disk_errors(target, "a layer"):
        try:
            os.link(source, target)
        except FileExistsError:
            return
        except OSError as error:
            if error.errno not in {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK}:
                raise
        else:
            sync_folder(target.parent)
            return
    with source.open("rb") as stream, AtomicFile(target.parent, "a layer") as file:
        copy_stream(stream, file)
        if file.digest != expected:
            raise Untrusted(f"{source} is damaged: its digest is {file.digest}.", code="digest-mismatch")
        file.commit(target)


def copy_stream(stream: BinaryIO, file: AtomicFile) -> None:
    """Copy the rest of `stream` into `file` in chunks."""
    while chunk := stream.read(1 << 20):
        file.write(chunk)


def sweep(folder: Path) -> int:
    """Remove temporary files in `folder` whose writer is gone; return how many."""
    swept = 0
    with os.scandir(folder) as entries:
        names = [entry.path for entry in entries if entry.name.startswith(TEMP_PREFIX)]
    for name in names:
        with contextlib.suppress(OSError):
            handle = os.open(name, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Path(name).unlink()
                swept += 1
            finally:
                os.close(handle)
    return swept


@contextlib.contextmanager
def locked(path: Path, what: str, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the lock file at `path`; raise `Conflict` when another writer keeps it for `seconds`."""
    make_folder(path.parent)
    lock = FileLock(path, timeout=seconds, mode=0o600)
    with disk_errors(path, what):
        try:
            lock.acquire()
        except Timeout as error:
            raise Conflict(
                f"{what} is busy: another process has been writing for {seconds:.0f} seconds ({path} is locked).",
                hint="Wait for it, or end that notebook or command.",
                code="store-busy",
            ) from error
    try:
        yield
    finally:
        lock.release()
