"""Keep a folder unchanged: read-only, and compared with a list before each use.

Being read-only prevents accidental changes; root ignores modes, and owners can make files writable. The list finds
files that were added, removed, or have another size, time or mode. A change that restores the time is not found;
where that matters, contents are compared (`rootfs.py`).
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.store.files import link_file, loosen, write_file
from jupyter_modelpack.store.os_errors import disk_errors

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH

Seal = dict[str, list[int | str]]
"""Mode, size and time of each file by its path in the folder; of a link, its target."""


def seal(path: Path) -> Seal:
    """Make everything in a folder read-only; return its list."""
    for entry in entries(path):
        if not entry.is_symlink():
            mode = entry.stat(follow_symlinks=False).st_mode
            if mode & _WRITABLE:  # a file that is linked from another folder is read-only already
                Path(entry.path).chmod(stat.S_IMODE(mode) & ~_WRITABLE)
    path.chmod(0o500)
    return look(path)


def look(path: Path) -> Seal:
    """Return the list of a folder's current state."""
    root = f"{path}/"
    found: Seal = {}
    for entry in entries(path):
        name = entry.path.removeprefix(root)
        if entry.is_symlink():
            found[name] = [str(Path(entry.path).readlink())]
        elif not entry.is_dir(follow_symlinks=False):
            facts = entry.stat(follow_symlinks=False)
            found[name] = [facts.st_mode, facts.st_size, facts.st_mtime_ns]
    return found


def keep(seal: Seal, file: Path) -> None:
    """Save a list."""
    write_file(file, json.dumps(seal).encode(), private=True, durable=False)


def kept(file: Path) -> Seal | None:
    """Return a saved list, or None where none can be read."""
    try:
        found = json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def mend(path: Path, whole: Path, names: Iterable[str]) -> None:
    """Restore the files `names` of the folder `path` from `whole`, a newly made folder.

    Each is replaced atomically, and no other is touched: programs may run in `path` meanwhile.
    """
    loosen(path)
    with disk_errors(path, "a file of an image"):
        for name in names:
            target, source = path / name, whole / name
            if os.path.lexists(source):
                target.parent.mkdir(parents=True, exist_ok=True)
                source.parent.chmod(0o700)
                source.replace(target)
            else:
                target.unlink(missing_ok=True)


def link_tree(source: Path, target: Path) -> None:
    """Hard-link all files of a sealed folder below `target`, replacing existing ones."""
    root = f"{source}/"
    for entry in entries(source):
        name = entry.path.removeprefix(root)
        copy = target / name
        try:
            if entry.is_dir(follow_symlinks=False):
                copy.mkdir(exist_ok=True)
            else:
                copy.unlink(missing_ok=True)
                if not link_file(Path(entry.path), copy):
                    _copy(Path(entry.path), copy)
        except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
            raise Conflict(f"{copy} is a folder where a file is needed, or the other way round.") from error


def _copy(source: Path, target: Path) -> None:
    """Copy a file where the disk has no hard links."""
    with disk_errors(target, "a file of an image"):
        shutil.copyfile(source, target)
        target.chmod(stat.S_IMODE(source.stat().st_mode))


def entries(path: Path | str) -> Iterator[os.DirEntry[str]]:
    """Yield all entries below a folder, each folder before its content."""
    with os.scandir(path) as found:
        for entry in found:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from entries(entry.path)
