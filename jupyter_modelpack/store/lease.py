"""Leases: protect the blobs that running processes have written or rely on from collectors.

promises.md F23. Between the writing of a blob and the index entry that reaches it, only this process
knows that the blob is needed. A process that writes has one file in the layout, ``lease-<hex>.lock``, locked
for as long as it lives; each line is the digest of a blob it wrote, took over or found. Clocks play no part.

A collector reads leases and deletes only under the lock ``leases``, exclusively; a line is written under the same
lock, shared, and the blob looked for after that. So a blob that was found stays.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.store.files import sweep, temporary
from jupyter_modelpack.store.lock import NO_FLOCK, locked
from jupyter_modelpack.store.os_errors import disk_errors
from jupyter_modelpack.store.process_id import Owner

_LOCK = "leases.lock"
_NAMES = "lease-*.lock"

_TICK = 50_000_000
"""Nanoseconds that are more than one step of a file system's clock."""

_quiet: dict[str, tuple[int, int]] = {}
"""Inode and time of change of folders that held no temporary file."""

_leases: dict[tuple[int, Path], Lease] = {}
_guard = threading.Lock()


class Lease:
    """The blobs that this process relies on in one layout.

    It ends with the last block of `work`. What is written outside of any block is kept until the index is
    written next, or until the process ends.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[Digest] = set()
        self._blocks = 0
        self._handle: int | None = None
        self._path = folder
        self._mutex = threading.RLock()
        self._swept = False

    @contextlib.contextmanager
    def work(self) -> Iterator[None]:
        """Protect everything that is noted until the last open block ends."""
        with self._mutex:
            self._blocks += 1
        try:
            yield
        finally:
            with self._mutex:
                self._blocks -= 1
                self.settle()

    def settle(self) -> None:
        """End the lease unless a `work` block is open: the index reaches what is needed."""
        with self._mutex:
            if self._blocks:
                return
            self._known.clear()
            if self._handle is not None:
                self._path.unlink(missing_ok=True)
                os.close(self._handle)
                self._handle = None

    @property
    def path(self) -> Path:
        """The lease's file, once it exists."""
        return self._path

    @property
    def working(self) -> bool:
        """Whether a `work` block is open."""
        return bool(self._blocks)

    def note(self, digests: Iterable[Digest]) -> None:
        """Record that these digests are relied on; call it before checking that their blobs exist."""
        with self._mutex:
            if fresh := [digest for digest in dict.fromkeys(digests) if digest not in self._known]:
                with disk_errors(self._folder, "a lease"), collecting(self._folder, shared=True):
                    _append(self._open(), *fresh)
                    self._known.update(fresh)

    def _open(self) -> int:
        if self._handle is None:
            if not self._swept:
                sweep_layout(self._folder)  # the first write of a process sweeps after dead ones (promises.md F2)
                self._swept = True
            self._path = self._folder / f"lease-{secrets.token_hex(8)}.lock"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._handle = os.open(self._path, flags, 0o600)
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX)
            except OSError as error:
                if error.errno not in NO_FLOCK:
                    raise
            os.write(self._handle, Owner.me().to_bytes())
        return self._handle


def _append(handle: int, *digests: Digest) -> None:
    # The leading newline ends a line that a full disk may have cut short.
    line = "".join(f"\n{digest.hex}\n" for digest in digests).encode()
    while line:
        line = line[os.write(handle, line) :]


def lease(folder: Path) -> Lease:
    """Return this process's lease in a layout."""
    key = (os.getpid(), folder if folder.is_absolute() else folder.absolute())  # a forked child has its own
    found = _leases.get(key)
    if found is None:
        with _guard:
            found = _leases.setdefault(key, Lease(folder))
    return found


def is_collected(folder: Path) -> bool:
    """Whether a layout is one of ours, which collectors clean; ours have the lock file from their first blob on."""
    return os.access(folder / _LOCK, os.W_OK)


def collecting(folder: Path, *, shared: bool = False) -> contextlib.AbstractContextManager[None]:
    """Hold the lock between collectors (exclusive) and processes that rely on blobs (`shared`)."""
    return locked(folder / _LOCK, f"The store at {folder}", shared=shared)


def leased(folder: Path, *, ours: bool = True) -> set[str]:
    """Return the digests (hex) that living processes rely on, and remove the leases of dead ones.

    Call it while holding `collecting`, not shared. Without `ours`, this process's own lease is left out.
    """
    found: set[str] = set()
    own = "" if ours else lease(folder).path.name
    for path in folder.glob(_NAMES):
        if path.name == own:
            continue
        with contextlib.suppress(FileNotFoundError):
            if _is_dead(path):
                path.unlink()
            else:
                found.update(path.read_text().split("\n"))
    return found


def _is_dead(path: Path) -> bool:
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_FLOCK:
            raise
        owner = Owner.parse(path.read_bytes().partition(b"\n")[0])
        return owner is not None and owner.is_dead()
    finally:
        os.close(handle)
    return True


def sweep_layout(folder: Path) -> int:
    """Remove the temporary files that dead writers left anywhere in a layout; return how many."""
    with os.scandir(folder) as entries:
        below = [entry.path for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    return sum(map(_sweep, (str(folder), *below, f"{folder}/blobs/sha256")))


def _sweep(folder: str) -> int:
    """Sweep a folder, which may hold 100,000 blobs, unless it is unchanged since nothing was found in it."""
    try:
        state = os.stat(folder)  # noqa: PTH116 - for each folder of a layout, whenever one is opened
    except FileNotFoundError:
        return 0
    mark = (state.st_ino, state.st_mtime_ns)
    if _quiet.get(folder) == mark:
        return 0
    swept = 0
    if temporary(folder):
        swept = sweep(Path(folder))
    elif time.time_ns() - state.st_mtime_ns > _TICK:  # else it may change once more within its time of change
        _quiet[folder] = mark
    return swept
