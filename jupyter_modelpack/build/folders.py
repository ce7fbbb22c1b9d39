"""Folders that images are written out to: whole or not at all, kept while somebody runs in them.

They can be made again from the store, so a collector may remove them: those that no process holds, by the lock beside
the folder from `once` on until it ends, or by running in it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from jupyter_modelpack import home
from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.store.files import make_folder, sweep, temporary_folder
from jupyter_modelpack.store.lock import locked

ENVIRONMENTS, APPS = "environments", "apps"
_FILL_SECONDS = 600
_held: dict[Path, contextlib.ExitStack] = {}


def folder(kind: str, key: str) -> Path:
    """Where a folder lies, or would lie."""
    return home.processes() / kind / key


def once(path: Path, fill: Callable[[Path], None]) -> Path:
    """Make the folder `path` by `fill`, once; no collector removes it before this process has ended."""
    make_folder(path.parent)
    while not _hold(path):
        with locked(_lock(path), "Writing out the image", seconds=_FILL_SECONDS):
            if not path.exists():
                with temporary_folder(path.parent) as temp:
                    fill(temp)
                    os.sync()  # ten thousand files at once; after a power cut they are whole, or not there
                    temp.rename(path)
    return path


def collect(*, dry_run: bool = False) -> tuple[int, int]:
    """Remove what nobody holds; return how many folders went, and their bytes."""
    count = size = 0
    running = set(_running())
    for parent in (home.processes() / ENVIRONMENTS, home.processes() / APPS):
        sweep(parent)
        for path in sorted(parent.glob("[!.]*")):
            if path.is_dir() and str(path) not in running and (found := _remove(path, dry_run=dry_run)) is not None:
                count, size = count + 1, size + found
    return count, size


def _hold(path: Path) -> bool:
    """Keep the folder from collectors until this process ends; return whether it is there."""
    if path in _held:
        return path.exists()
    stack = contextlib.ExitStack()
    stack.enter_context(locked(_lock(path), "Writing out the image", seconds=_FILL_SECONDS, shared=True))
    if path.exists():
        _held[path] = stack
        return True
    stack.close()
    return False


def _remove(path: Path, *, dry_run: bool) -> int | None:
    try:
        with locked(_lock(path), "The folder", seconds=0):
            size = sum(entry.stat(follow_symlinks=False).st_size for entry in _files(path))
            if not dry_run:
                with temporary_folder(path.parent) as temp:  # gone in one step, however long it takes
                    path.rename(temp / path.name)
            return size
    except Conflict:
        return None


def _files(path: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            else:
                yield entry


def _running() -> Iterator[str]:
    """Yield the folders that processes of this machine run in, or run the interpreter of."""
    root = f"{home.processes()}/"
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            program = (process / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
            for place in (program, os.readlink(process / "cwd")):  # noqa: PTH115 - a thousand processes
                if place.startswith(root):
                    yield root + "/".join(place[len(root) :].split("/")[:2])


def _lock(path: Path) -> Path:
    return path.with_suffix(".lock")
