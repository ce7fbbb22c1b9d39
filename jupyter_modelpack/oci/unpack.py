"""Write a layer's files to a folder of the user.

Never `tarfile.extract`: each component is opened below the one before it without following links,
each file is new and gets its name when it is complete (threat-model.md T1).
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from jupyter_modelpack.errors import Conflict, Untrusted
from jupyter_modelpack.limits import CHUNK
from jupyter_modelpack.oci.layer import check_path, read_layer

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack(stream: BinaryIO, prefix: str, target: Path, *, overwrite: bool = False) -> list[Path]:
    """Write the files that the layer holds under `prefix` below `target`; return their paths.

    Args:
        stream: A layer of ours; read to its end, so that its source can verify it.
        prefix: Folder in the layer, ending in ``/``; it does not become part of the paths.
        target: An existing folder.
        overwrite: Whether a file that exists is replaced.

    Raises:
        Conflict: a file exists and `overwrite` is off, or a folder is where a file belongs, or the other way round.
        Untrusted: the layer is not one of ours or damaged. Files written until then are removed.

    """
    written: list[str] = []
    root = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for entry, content in read_layer(stream):
            if entry.kind == "symlink":
                raise Untrusted(f"{entry.path}: a model holds no links.", code="archive-unsafe")
            if content is None or not entry.path.startswith(prefix):
                continue
            path = check_path(entry.path.removeprefix(prefix))
            _write(root, path, content, executable=entry.executable, overwrite=overwrite, destination=target / path)
            written.append(path)
        while stream.read(CHUNK):
            pass
    except BaseException:
        for path in written:
            with contextlib.suppress(OSError), _parent(root, path) as (folder, name):
                os.unlink(name, dir_fd=folder)
        raise
    finally:
        os.close(root)
    return [target / path for path in written]


@contextlib.contextmanager
def _parent(root: int, path: str) -> Iterator[tuple[int, str]]:
    """Open the parent folder of `path`, creating missing ones; none of them may be a link."""
    *folders, name = path.split("/")
    handle = os.dup(root)
    try:
        for folder in folders:
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, 0o755, dir_fd=handle)
            try:
                below = os.open(folder, _FOLDER, dir_fd=handle)
            except NotADirectoryError as error:  # raised for a link, too
                raise Conflict(f"{folder} in {path} is a file or a link where a folder is needed.") from error
            os.close(handle)
            handle = below
        yield handle, name
    finally:
        os.close(handle)


def _write(root: int, path: str, content: BinaryIO, *, executable: bool, overwrite: bool, destination: Path) -> None:
    with _parent(root, path) as (folder, name):
        if not overwrite and _exists(folder, name):
            raise Conflict(
                f"File already exists. To overwrite, set exist_ok to True. {destination}", code="file-exists"
            )
        temp = f".{secrets.token_hex(8)}.part"
        try:
            with os.fdopen(os.open(temp, _NEW, 0o755 if executable else 0o644, dir_fd=folder), "wb") as file:
                while chunk := content.read(CHUNK):
                    file.write(chunk)
            try:
                os.rename(temp, name, src_dir_fd=folder, dst_dir_fd=folder)
            except IsADirectoryError as error:
                raise Conflict(f"{destination} is a folder where a file is needed.") from error
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temp, dir_fd=folder)
            raise


def _exists(folder: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True
