"""Which files of a folder ship.

Contract section "Do better": ignore files are honoured, secrets never ship. Threat T3: a link that
leaves the folder refuses the whole folder, since a notebook from elsewhere could name it to carry
``~/.ssh`` into an image.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from jupyter_modelpack.errors import Conflict, Denied, PathNotFound, UsageError
from jupyter_modelpack.limits import ARCHIVE_ENTRIES, SOURCE_BYTES, SOURCE_FILES

IGNORE_FILES = (".gitignore", ".dockerignore", ".amlignore")
"""Read in this order as one list: a later file may take back with ``!`` what an earlier one ignores."""

NEVER = (
    ".git",
    ".hg",
    ".svn",
    ".env",
    ".env.*",
    "!.env.example",
    ".netrc",
    ".pypirc",
    ".npmrc",
    ".git-credentials",
    ".ssh/",
    ".aws/",
    ".azure/",
    ".gnupg/",
    ".kube/",
    ".docker/",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.ppk",
    "*.keystore",
    "*.jks",
)
"""What no ignore file can take back: version control, keys, passwords."""

CLUTTER = ("__pycache__/", "*.py[co]", ".ipynb_checkpoints/", ".venv/", ".DS_Store")
"""Ignored unless an ignore file says otherwise."""

Ignored = Callable[[str], bool]

_TOO_LARGE = "Name the folder of the entry script alone, or list what should not ship in .amlignore."


def list_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield what ships of `folder`: relative path with ``/``, absolute path; sorted by the former.

    Raises:
        UsageError: a link leaves the folder, something is neither file nor folder, or it is so large
            that the wrong folder must have been named.

    """
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - who ships no folder does not pay for it

    patterns = _patterns(folder)
    spec, never = GitIgnoreSpec.from_lines(patterns), GitIgnoreSpec.from_lines(NEVER)
    # With a `!` in the list, an ignored folder may hold files that are taken back.
    prune = not any(pattern.lstrip().startswith("!") for pattern in patterns)

    def ignored(path: str) -> bool:
        path = path.replace("\n", "\0")  # pathspec's expressions end at a line break, and a key behind one shipped
        return never.match_file(path) or (spec.match_file(path) and (prune or not path.endswith("/")))

    total = 0
    for path, where in walk(folder, ignored, SOURCE_FILES):
        total += where.stat().st_size
        if total > SOURCE_BYTES:
            raise UsageError(
                f"{folder} holds more than {SOURCE_BYTES >> 30} GB.", hint=_TOO_LARGE, code="source-too-large"
            )
        yield path, where


def _patterns(folder: Path) -> list[str]:
    patterns = list(CLUTTER)
    for name in IGNORE_FILES:
        if (folder / name).is_dir():  # which git passes over, too
            continue
        try:
            with open_regular(folder / name, folder) as file:
                lines = file.read().decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            continue
        patterns += [_anchored(line) for line in lines] if name == ".dockerignore" else lines
    return patterns


def _anchored(line: str) -> str:
    """Write a .dockerignore line, which always starts at the root, as a .gitignore line."""
    bare = line.strip()
    if not bare or bare.startswith("#"):
        return ""
    sign, bare = ("!", bare[1:]) if bare.startswith("!") else ("", bare)
    return f"{sign}/{bare.removeprefix('./').lstrip('/')}"


def walk(
    folder: Path, ignored: Ignored = lambda _path: False, most: int = ARCHIVE_ENTRIES
) -> Iterator[tuple[str, Path]]:
    """Yield the regular files under `folder` by relative path, sorted; links that stay inside are followed.

    Args:
        folder: An existing folder.
        ignored: Asked with each relative path; a folder's ends in ``/``, and a yes skips all of it.
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
        path, where = prefix + name, here / name
        if where.is_symlink():
            # Asked before it is followed: a virtual environment's links lead out, and it does not ship.
            if ignored(path) or ignored(f"{path}/") or _is_editors_lock(where):
                continue
            where = inside(where, root)
            # A secret does not ship under another name either.
            real = where.relative_to(root).as_posix()
            if real != "." and (ignored(real) or ignored(f"{real}/")):
                continue
        mode = where.stat().st_mode
        if stat.S_ISDIR(mode):
            if ignored(f"{path}/") or _is_environment(where):
                continue
            if where in above:
                raise UsageError(f"{here / name} is a link to a folder that holds it.", code="link-loop")
            yield from _walk(where, f"{path}/", root, (*above, where), ignored)
        elif not ignored(path):
            if stat.S_ISSOCK(mode):  # of a program that runs there; git and docker pass over it, too
                continue
            if not stat.S_ISREG(mode):
                raise UsageError(
                    f"{here / name} is neither a file nor a folder.",
                    hint=f"Take it away, or list it in .amlignore: {path}",
                    code="not-a-file",
                )
            yield path, where


def _is_environment(folder: Path) -> bool:
    """Whether a folder is a virtual environment, whatever it is called: the image gets its own."""
    return (folder / "pyvenv.cfg").is_file()


def _is_editors_lock(link: Path) -> bool:
    """Whether a link is what Emacs puts beside a file that is being edited: it leads nowhere by design."""
    return link.name.startswith(".#") and not link.exists()


def inside(path: Path, root: Path) -> Path:
    """Return where `path` really lies; raise `UsageError` naming the link that leaves `root`."""
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
    """Raise `Conflict` when a file changed between two looks at it."""
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Conflict(f"{path} changed while it was read.", hint="Wait until it is complete and run it again.")
