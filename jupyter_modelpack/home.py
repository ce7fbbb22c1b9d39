"""Where this user's things lie on disk.

``MODELPACK_HOME`` decides, else the platform's folder for user data. Asked for at each call, never
at import, so that tests and notebooks can change it.
"""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_modelpack.errors import UsageError


def expand(given: str | os.PathLike[str]) -> Path:
    """Return a path that people typed, ``~`` and ``~name`` being read as home folders."""
    path = Path(given)
    if not os.fspath(given).startswith("~"):  # ./~x is a file's name, though Path forgets the dot
        return path
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise UsageError(
            f"{path} names no home folder: this machine knows no user {path.parts[0][1:] or 'of that kind'!r}.",
            hint=f"Is a file meant whose name begins with ~? Write ./{path}.",
            code="no-such-user",
        ) from error


def home() -> Path:
    """Return the folder that holds everything of ours; it need not exist yet.

    Raises:
        UsageError: nobody says where, and this user has no home (promises.md F17).
    """
    given = os.environ.get("MODELPACK_HOME")
    if given:
        return expand(given).absolute()
    import platformdirs  # noqa: PLC0415 - not needed when the user has decided

    try:
        return platformdirs.user_data_path("jupyter_modelpack", appauthor=False)
    except RuntimeError as error:  # a container's user, of whom the machine knows the number alone
        raise UsageError(
            "This user has no home folder: HOME is not set, and the machine knows no user of that number.",
            hint="Set MODELPACK_HOME to a folder that may be written.",
            code="no-home",
        ) from error


def workspaces() -> Path:
    """Where workspaces lie that were created without a path: one folder a name."""
    return home() / "workspaces"


def cache() -> Path:
    """The machine's own OCI layout: base images and one layer a wheel, shared by all workspaces."""
    return home() / "cache"


def services() -> Path:
    """Where the process engine keeps what it needs to find its services again."""
    return home() / "services"


def containers() -> Path:
    """Where container engines' services are written down that `run` has started: one small file each."""
    return home() / "containers"


def processes() -> Path:
    """Images written out for the process engine; each can be made again."""
    return home() / "processes"
