"""Translate errors of the disk.

promises.md F1 and F20: a full disk, a used-up quota, too many open files, a disk that
fails. Each becomes one named error; what was complete before is untouched.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from jupyter_modelpack.errors import Denied, ModelpackError, PathNotFound, Unavailable, UsageError

_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_FAILED = {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EUCLEAN}
_NO_PLACE = {errno.ENOTDIR, errno.ENOENT, errno.EISDIR}
_SAFE = "What was complete before is still there."


@contextlib.contextmanager
def disk_errors(path: Path, what: str, verb: str = "write") -> Iterator[None]:
    """Turn errors of a full, read-only or failing disk into a ModelpackError."""
    try:
        yield
    except OSError as error:
        known = None if isinstance(error, ModelpackError) else _explain(error, path, what, verb)
        if known is None:
            raise
        raise known from error


def need_room(folder: Path, size: int, what: str) -> None:
    """Raise before the first byte is written when `size` bytes cannot fit (promises.md F1)."""
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    if size > free:
        raise Unavailable(
            f"Could not write {what}: it needs {_size(size)}, and the disk that holds {folder} has {_size(free)} free.",
            hint=f"Free some space and run it again. {_SAFE}",
            code="disk-full",
            retry=True,
        )


def _explain(error: OSError, path: Path, what: str, verb: str) -> ModelpackError | None:
    failed = f"Could not {verb} {what}"
    match error.errno:
        case errno.ENOSPC:
            free = shutil.disk_usage(_existing(path)).free
            return _unavailable(
                f"{failed}: the disk that holds {path} is full ({_size(free)} free).",
                "Free some space and run it again.",
                "disk-full",
            )
        case errno.EDQUOT:
            return _unavailable(
                f"{failed}: your quota on the disk that holds {path} is used up.",
                "Free some space of yours and run it again.",
                "disk-full",
            )
        case errno.EFBIG:
            return _unavailable(
                f"{failed}: the file grows larger than {path} or `ulimit -f` allows.",
                "Raise the limit, or choose another disk with MODELPACK_HOME.",
                "disk-full",
            )
        case errno.EMFILE | errno.ENFILE:
            return _unavailable(
                f"{failed}: too many files are open.",
                "Close some, or raise the limit with `ulimit -n`, and run it again.",
                "too-many-files",
            )
        case number if number in _FAILED:
            return Unavailable(
                f"{failed}: the disk that holds {path} failed ({error.strerror}).",
                hint=f"Look at the disk (`dmesg`), then run `modelpack check`. {_SAFE}",
                code="disk-failed",
            )
        case number if number in _DENIED:
            found = f"{failed}: {error.strerror} at {error.filename or path}."
            if verb == "read":
                return Denied(found, hint="Look at whose it is, and who may read it (`ls -l`).")
            return Denied(found, hint="Choose a folder of yours with MODELPACK_HOME or Workspace.create(path=...).")
        case number if number in _NO_PLACE and verb == "write":
            kind = PathNotFound if number == errno.ENOENT else UsageError
            return kind(
                f"{failed}: {error.strerror} at {error.filename or path}.",
                hint="Choose a folder that can be made; MODELPACK_HOME says where everything of ours lies.",
                code="no-place",
            )
    return None


def _unavailable(message: str, hint: str, code: str) -> Unavailable:
    return Unavailable(message, hint=f"{hint} {_SAFE}", code=code, retry=True)


def _existing(path: Path) -> Path:
    return next((folder for folder in (path, *path.parents) if folder.exists()), Path("/"))


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"
