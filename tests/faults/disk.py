"""File systems of a test's own: a small one, one that can lose its power, one over another."""

import contextlib
import errno
import fcntl
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.services.packages import find, need


def sh(*argv: object) -> None:
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}: {done.stderr}"


@contextlib.contextmanager
def mounted(folder: Path, kind: str, source: object, options: str) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    sh("mount", "-t", kind, "-o", options, source, folder)
    try:
        yield folder
    finally:
        sh("umount", "--lazy", folder)


def tmpfs(folder: Path, size: int | str) -> contextlib.AbstractContextManager[Path]:
    """Memory of so many bytes as a disk."""
    return mounted(folder, "tmpfs", "tmpfs", f"size={size}")


def ext4(folder: Path) -> contextlib.AbstractContextManager[Path]:
    """A file as an ext4, whatever this machine's own disks are."""
    return _formatted(folder, "ext4", 256, "-F")


def btrfs(folder: Path) -> contextlib.AbstractContextManager[Path]:
    """A file as a btrfs, whose files may share their blocks."""
    need("mkfs.btrfs")
    return _formatted(folder, "btrfs", 512)


def xfs(folder: Path) -> contextlib.AbstractContextManager[Path]:
    """A file as an XFS, whose files may share their blocks."""
    need("mkfs.xfs")
    return _formatted(folder, "xfs", 512)


def _formatted(folder: Path, kind: str, megabytes: int, *options: str) -> contextlib.AbstractContextManager[Path]:
    image = folder.with_name(f"{folder.name}.{kind}")
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    sh(find(f"mkfs.{kind}"), "-q", *options, image)
    return mounted(folder, kind, image, "loop")


def overlay(folder: Path) -> contextlib.AbstractContextManager[Path]:
    """What a container's root looks like from inside."""
    parts = [folder.with_name(f"{folder.name}-{name}") for name in ("lower", "upper", "work")]
    for part in parts:
        part.mkdir()
    lower, upper, work = parts
    return mounted(folder, "overlay", "overlay", f"lowerdir={lower},upperdir={upper},workdir={work}")


class PowerCut:
    """An ext4 that writes to its disk only when it is told to; `cut` shows what a power cut would leave.

    The disk is a file. A copy of it, taken while the writer stands still, holds what was synced and perhaps a
    little more; mounting the copy replays its journal, as after a power cut.
    """

    def __init__(self, folder: Path, megabytes: int = 48) -> None:
        self._folder, self._image = folder, folder / "disk"
        with self._image.open("wb") as file:
            file.truncate(megabytes << 20)
        sh("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", self._image)

    def running(self) -> contextlib.AbstractContextManager[Path]:
        return mounted(self._folder / "running", "ext4", self._image, "loop,commit=1000")

    @contextlib.contextmanager
    def cut(self) -> Iterator[Path]:
        copy = self._folder / "copy"
        sh("cp", "--sparse=always", self._image, copy)
        with mounted(self._folder / "after", "ext4", copy, "loop") as after:
            yield after
        copy.unlink()


def no_flock() -> None:
    """Make this process one on a file system without flock."""

    def refuse(_handle: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    fcntl.flock = refuse


def temporary(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob(".tmp-*")]
