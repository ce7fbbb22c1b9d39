"""A folder that is to stay as it was written: read-only, and looked over against a list before each use.

Read-only keeps a user's programs from changing it by mistake; root passes over modes, and whoever owns a file may make
it writable. What was changed is therefore found by the list: a file that came, went, or has another size, time or mode.
Somebody who sets the time back as well is not found; what is to be certain is compared by its content (`rootfs.py`).
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
"""What each file was: by its path in the folder, its mode, size and time; of a link, where it leads."""


def seal(path: Path) -> Seal:
    """Make all that is in a folder read-only; return its list."""
    for entry in entries(path):
        if not entry.is_symlink():
            mode = entry.stat(follow_symlinks=False).st_mode
            if mode & _WRITABLE:  # a file that another folder holds too is so already
                Path(entry.path).chmod(stat.S_IMODE(mode) & ~_WRITABLE)
    path.chmod(0o500)
    return look(path)


def look(path: Path) -> Seal:
    """Return the list of a folder as it is."""
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
    """Write a list down."""
    write_file(file, json.dumps(seal).encode(), private=True, durable=False)


def kept(file: Path) -> Seal | None:
    """Return a list that was written down; None where there is none that can be read."""
    try:
        found = json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def mend(path: Path, whole: Path, names: Iterable[str]) -> None:
    """Give the files `names` of the folder `path` the state that they have in `whole`, a folder made anew.

    Each is replaced at once, and all others stay where they are: programs may run in `path` meanwhile.
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
    """Give all files of a sealed folder a second name below `target`; a file that is there already gives way."""
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
    """Copy a file where the disk cannot give it a second name."""
    with disk_errors(target, "a file of an image"):
        shutil.copyfile(source, target)
        target.chmod(stat.S_IMODE(source.stat().st_mode))


def entries(path: Path | str) -> Iterator[os.DirEntry[str]]:
    """Yield all that lies below a folder, each folder before what is in it."""
    with os.scandir(path) as found:
        for entry in found:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from entries(entry.path)
