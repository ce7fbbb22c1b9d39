"""List the files of a folder that ship.

azure-differences.md 8: ignore files are honoured, secrets never ship. threat-model.md T3: a link that
leaves the folder refuses the whole folder, since a notebook from elsewhere could name it to carry
``~/.ssh`` into an image.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jupyter_modelpack.builder.context.ignore_files import IgnoreFiles
from jupyter_modelpack.builder.context.secret_names import holds_allowed, is_secret, is_version_control
from jupyter_modelpack.errors import Conflict, Denied, PathNotFound, UsageError
from jupyter_modelpack.limits import ARCHIVE_ENTRIES, SOURCE_BYTES, SOURCE_FILES

Ignored = Callable[[str], bool]

_TOO_LARGE = "Name the folder of the entry script alone, or list what should not ship in .amlignore."


@dataclass(frozen=True, slots=True)
class Survey:
    """Files of a folder that ship, and those excluded as secrets by name.

    Attributes:
        files: Relative path with ``/``, absolute path; sorted by the former.
        size: Bytes of them all.
        left_out: Files and folders with names of secrets, sorted; a folder's name ends in ``/``.
    """

    files: tuple[tuple[str, Path], ...]
    size: int
    left_out: tuple[str, ...]


def survey(folder: Path, allowed: Collection[str] = ()) -> Survey:
    """List what ships of `folder`; `allowed` are paths or names of files that ship though they look like secrets.

    Raises:
        UsageError: a link leaves the folder, something is neither file nor folder, or it is so large
            that the wrong folder must have been named.

    """
    ignores, left_out = IgnoreFiles(folder, open_regular), set[str]()

    def ignored(path: str) -> bool:
        folders = path.endswith("/")
        if is_version_control(path):
            return True
        if is_secret(path, allowed):
            if folders and holds_allowed(path, allowed):
                return False
            if folders or not ignores.ignores(path):  # ignored files are not reported as excluded
                left_out.add(path)
            return True
        return ignores.ignores(path) and (ignores.prunes or not folders)

    total, found = 0, []
    for path, file in walk(folder, ignored, SOURCE_FILES):
        total += file.stat().st_size
        if total > SOURCE_BYTES:
            raise UsageError(
                f"{folder} holds more than {SOURCE_BYTES >> 30} GB.", hint=_TOO_LARGE, code="source-too-large"
            )
        found.append((path, file))
    return Survey(tuple(found), total, tuple(sorted(left_out)))


def walk(
    folder: Path, ignored: Ignored = lambda _path: False, most: int = ARCHIVE_ENTRIES
) -> Iterator[tuple[str, Path]]:
    """Yield the regular files under `folder` by relative path, sorted; links that stay inside are followed.

    Args:
        folder: An existing folder.
        ignored: Called with each relative path, a folder's ending in ``/``; True skips the entry.
        most: More files than this raise `UsageError`.

    """
    root = Path(os.path.realpath(folder))
    found: list[tuple[str, Path]] = []
    try:
        for entry in _walk(root, "", root, (root,), ignored):
            found.append(entry)
            if len(found) > most:
                raise UsageError(f"{folder} holds more than {most} files.", hint=_TOO_LARGE, code="source-too-large")
    except PermissionError as error:
        raise Denied(f"{error.filename} may not be read.", hint="Take it out of the folder, or ignore it.") from error
    yield from sorted(found)


def _walk(here: Path, prefix: str, root: Path, above: tuple[Path, ...], ignored: Ignored) -> Iterator[tuple[str, Path]]:
    with os.scandir(here) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        path, file = prefix + name, here / name
        if file.is_symlink():
            # Checked before links are followed: a virtual environment's lead outside, and it does not ship.
            if ignored(path) or ignored(f"{path}/") or _is_editors_lock(file):
                continue
            file = inside(file, root)
            # A link to a secret does not ship either.
            real = file.relative_to(root).as_posix()
            if real != "." and (ignored(real) or ignored(f"{real}/")):
                continue
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            if ignored(f"{path}/") or _is_environment(file):
                continue
            if file in above:
                raise UsageError(f"{here / name} is a link to a folder that holds it.", code="link-loop")
            yield from _walk(file, f"{path}/", root, (*above, file), ignored)
        elif not ignored(path):
            if stat.S_ISSOCK(mode):  # such as sockets, which git and docker skip, too
                continue
            if not stat.S_ISREG(mode):
                raise UsageError(
                    f"{here / name} is neither a file nor a folder.",
                    hint=f"Take it away, or list it in .amlignore: {path}",
                    code="not-a-file",
                )
            yield path, file


def _is_environment(folder: Path) -> bool:
    """Whether a folder is a virtual environment, by any name: images have their own."""
    return (folder / "pyvenv.cfg").is_file()


def _is_editors_lock(link: Path) -> bool:
    """Whether a link is an Emacs lock, a dangling link beside a file that is being edited."""
    return link.name.startswith(".#") and not link.exists()


def inside(path: Path, root: Path) -> Path:
    """Resolve links in `path`; raise `UsageError` naming the link that leaves `root`."""
    real, name = Path(os.path.realpath(path)), os.path.relpath(path, root)
    if not real.is_relative_to(os.path.realpath(root)):
        raise UsageError(
            f"{path} leads out of {root}, to {real}.",
            hint="Copy what it points to into the folder (cp -rL), take the link away, "
            f"or list it in .amlignore: {name}",
            code="link-outside",
        )
    if not real.exists():
        raise PathNotFound(
            f"{path} is a link to {real}, which does not exist.",
            hint=f"Take the link away, or list it in .amlignore: {name}",
        )
    return real


def open_regular(path: Path, root: Path | None = None) -> BinaryIO:
    """Open a regular file; with `root`, only if it lies under it once links are followed."""
    real = os.path.realpath(path) if root is None or not path.exists() else inside(path, root)
    handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UsageError(f"{path} is not a regular file.", code="not-a-file")
    return os.fdopen(handle, "rb")


def check_unchanged(path: Path, before: os.stat_result, after: os.stat_result) -> None:
    """Raise `Conflict` when a file has changed while it was read."""
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Conflict(f"{path} changed while it was read.", hint="Wait until it is complete and run it again.")
