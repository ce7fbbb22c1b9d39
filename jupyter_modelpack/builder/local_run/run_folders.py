"""Manage the folders that images are unpacked to: created atomically, checked before each use, kept while in use.

A layer is unpacked once; environments and apps are hard links to its files and take no further space. A changed file
is therefore changed in all of them, which is found before one is started again (`sealed_folder.py`).

They can be recreated from the store, so collectors remove those that are not in use: a process holds the lock beside
a folder from `once` until it ends, or runs in the folder.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.builder.local_run import sealed_folder
from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.store.files import make_folder, sweep, temporary_folder
from jupyter_modelpack.store.lock import locked

ENVIRONMENTS, APPS, LAYERS = "environments", "apps", "layers"
_FILL_SECONDS = 600
_held: dict[Path, contextlib.ExitStack] = {}


def folder(kind: str, key: str) -> Path:
    """Return the path of a folder, whether or not it exists."""
    return home.processes() / kind / key


def once(path: Path, fill: Callable[[Path], None], log: Callable[[str], None] = lambda _line: None) -> Path:
    """Create the folder `path` by `fill` unless it exists; collectors keep it until this process ends.

    An existing one is checked: files that were changed are restored, and named to `log`.
    """
    make_folder(path.parent)
    while not _hold(path):
        with locked(_lock(path), "Writing out the image", seconds=_FILL_SECONDS):
            if not path.exists():
                with temporary_folder(path.parent) as temp:
                    fill(temp)
                    sealed_folder.keep(sealed_folder.seal(temp), _list(path))
                    if path.parent.name == LAYERS:
                        os.sync()  # one sync for ten thousand files: after a power cut they are complete or absent
                    temp.rename(path)
    if _changed(path):
        renew(path, fill, (), log)
    return path


def renew(path: Path, fill: Callable[[Path], None], wrong: Iterable[str], log: Callable[[str], None]) -> None:
    """Restore files of a folder: those that were changed since it was written, and those in `wrong`."""
    with locked(path.with_suffix(".mending"), "Writing out the image", seconds=_FILL_SECONDS):
        if names := sorted({*wrong, *_changed(path)}):
            log(f"Changed since it was written out, and made again: {_some(names)} in {path}")
            with temporary_folder(path.parent) as temp:
                fill(temp)
                sealed_folder.mend(path, temp, names)
                sealed_folder.keep(sealed_folder.seal(path), _list(path))


def _changed(path: Path) -> list[str]:
    was, now = sealed_folder.kept(_list(path)) or {}, sealed_folder.look(path)
    return [name for name in {*was, *now} if was.get(name) != now.get(name)]


def _some(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def collect(*, dry_run: bool = False) -> tuple[int, int]:
    """Remove folders that are not in use; return their number and bytes.

    An unpacked layer is removed once no remaining environment or app has links to its files, since removing it before
    would free nothing.
    """
    count = size = 0
    running = set(_running())
    gone: Counter[int] = Counter()  # links that a dry run would remove, by inode
    for kind in (ENVIRONMENTS, APPS, LAYERS):
        parent = home.processes() / kind
        sweep(parent)
        for path in sorted(parent.glob("[!.]*")):
            if not path.is_dir() or str(path) in running or (kind == LAYERS and _shared(path, gone)):
                continue
            if (found := _remove(path, gone, dry_run=dry_run)) is not None:
                count, size = count + 1, size + found
    return count, size


def _shared(path: Path, gone: Counter[int]) -> bool:
    """Whether another folder has hard links to files of this one."""
    return any(facts.st_nlink - gone[facts.st_ino] > 1 for facts in _files(path))


def _hold(path: Path) -> bool:
    """Protect the folder from collectors until this process ends; return whether it exists."""
    if path in _held:
        return path.exists()
    stack = contextlib.ExitStack()
    stack.enter_context(locked(_lock(path), "Writing out the image", seconds=_FILL_SECONDS, shared=True))
    if path.exists():
        _held[path] = stack
        return True
    stack.close()
    return False


def _remove(path: Path, gone: Counter[int], *, dry_run: bool) -> int | None:
    """Remove a folder; return the bytes that this frees, or None where it is in use."""
    try:
        with locked(_lock(path), "The folder", seconds=0):
            files = list(_files(path))
            size = sum(facts.st_size for facts in files if facts.st_nlink - gone[facts.st_ino] <= 1)
            if dry_run:
                gone.update(facts.st_ino for facts in files)
            else:
                with temporary_folder(path.parent) as temp:  # renamed first, so that it vanishes in one step
                    path.chmod(0o700)
                    path.rename(temp / path.name)
                _list(path).unlink(missing_ok=True)
            return size
    except Conflict:
        return None


def _files(path: Path) -> Iterator[os.stat_result]:
    for entry in sealed_folder.entries(path):
        if not entry.is_dir(follow_symlinks=False):
            yield entry.stat(follow_symlinks=False)


def _running() -> Iterator[str]:
    """Yield the folders in which processes of this machine run, or whose interpreter they run."""
    root = f"{home.processes()}/"
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # the process has ended, or belongs to another user
            program = (process / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
            for place in (program, os.readlink(process / "cwd")):  # noqa: PTH115 - a thousand processes
                if place.startswith(root):
                    yield root + "/".join(place[len(root) :].split("/")[:2])


def _lock(path: Path) -> Path:
    return path.with_suffix(".lock")


def _list(path: Path) -> Path:
    return path.with_suffix(".list")
