"""Locks between processes.

A lock is a file locked by flock, so it ends with its holder, however that ends. Where the file system has no
flock (promises.md F13: some NFS, some FUSE), it is a folder ``<name>.held`` that says who
made it: a folder with something in it appears whole, or not at all, by one rename on every file system. Such
a lock is taken from a holder only when that is provably dead (promises.md F19).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import random
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.store.os_errors import disk_errors
from jupyter_modelpack.store.process_id import Owner

LOCK_SECONDS = 60.0
"""Seconds a writer waits for one holder of the lock; index updates take milliseconds."""

_TURNS = 10
"""How many times as long it waits at most while holders change."""

_SLOWEST = 0.005
NO_FLOCK = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
"""What a file system without flock answers."""

_OWNER = "owner"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC


@contextlib.contextmanager
def locked(path: Path, what: str, seconds: float = LOCK_SECONDS, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock at `path`; raise `Conflict`, naming its holder, when another keeps it for `seconds`.

    Waiters are served in no order, so the time starts again whenever the holder changes. With
    `shared`, others may share it; where there is no flock nobody does.
    """
    held = path.with_name(f"{path.name}.held")
    release: Callable[[], None] | None = None
    try:
        with disk_errors(path, what, "lock"):
            started, pause, holding = time.monotonic(), 0.0005, None
            since = started
            while (release := _take(path, held, shared=shared)) is None:
                now, found = time.monotonic(), _holding(path, held)
                if found != holding and now - started < _TURNS * seconds:
                    since, holding = now, found
                if now - since > seconds:
                    raise _busy(path, held, what, seconds)
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - only so that waiters do not march in step
                pause = min(pause * 2, _SLOWEST)
        yield
    finally:
        if release is not None:
            release()


def _take(path: Path, held: Path, *, shared: bool) -> Callable[[], None] | None:
    """Try once; return what releases the lock, or None when another process holds it."""
    try:
        handle = _flock(path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in NO_FLOCK:
            raise
        return partial(_remove, held) if _hold(held) else None
    return None if handle is None else partial(_unlock, handle)


def _holding(path: Path, held: Path) -> tuple[int, int] | None:
    """Return the owner written into the lock, which differs for each time it is taken."""
    for one in (held, path):
        with contextlib.suppress(FileNotFoundError):
            state = one.stat()
            return state.st_ino, state.st_mtime_ns
    return None


def _unlock(handle: int) -> None:
    # Closing is not enough: a child that was forked meanwhile shares the handle.
    fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


def _flock(path: Path, mode: int) -> int | None:
    try:
        handle = os.open(path, _FLAGS, 0o600)
    except FileNotFoundError:  # the folder is almost always there: a build takes dozens of locks
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, _FLAGS, 0o600)
    try:
        fcntl.flock(handle, mode | fcntl.LOCK_NB)
        # Deleting a workspace deletes its locks; a deleted lock file guards nothing.
        if os.fstat(handle).st_nlink:
            if mode == fcntl.LOCK_EX:
                with contextlib.suppress(OSError):  # on a full disk a lock without a name still locks
                    os.pwrite(handle, Owner.me().to_bytes().ljust(512), 0)
            return handle
    except BlockingIOError:
        pass
    except OSError:
        os.close(handle)
        raise
    os.close(handle)
    return None


def _busy(path: Path, held: Path, what: str, seconds: float) -> Conflict:
    owner = _owner(held) if held.exists() else Owner.parse(path.read_bytes())
    return Conflict(
        f"{what} is busy: {owner or 'another process'} has been writing for {seconds:.0f} seconds ({path} is locked).",
        hint=f"Wait for it, or end it. If it ended with its machine, delete {held}."
        if held.exists()
        else "Wait for it, or end that notebook or command.",
        code="store-busy",
    )


# --- where there is no flock ---


def _hold(held: Path) -> bool:
    """Try to create the folder; remove it first when its owner is dead."""
    me = Owner.me()
    mine = held.with_name(f".tmp-{me.token}")
    mine.mkdir(mode=0o700)
    try:
        (mine / _OWNER).write_bytes(me.to_bytes())
        mine.rename(held)
    except OSError as error:
        shutil.rmtree(mine, ignore_errors=True)
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        owner = _owner(held)
        if owner and owner.is_dead():
            _bury(held, owner)
        return False
    return True


def _bury(held: Path, dead: Owner) -> None:
    """Remove a dead holder's folder, but never that of its successor.

    A second folder, named after the dead owner's token, decides which process may remove it. That process checks
    again: the lock may have been removed and taken by another process meanwhile.
    """
    claim = held.with_name(f"{held.name}.after-{dead.token}")
    if not _hold(claim):
        return
    try:
        if _owner(held) == dead:
            _remove(held)
    finally:
        _remove(claim)


def _owner(held: Path) -> Owner | None:
    try:
        return Owner.parse((held / _OWNER).read_bytes())
    except FileNotFoundError:
        return None


def _remove(held: Path) -> None:
    gone = held.with_name(f".tmp-{secrets.token_hex(8)}")
    with contextlib.suppress(FileNotFoundError):
        held.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
