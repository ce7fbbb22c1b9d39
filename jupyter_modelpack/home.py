"""Where this user's things lie on disk.

``MODELPACK_HOME`` decides, else the platform's folder for user data. Asked for at each call, never
at import, so that tests and notebooks can change it.
"""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """Return the folder that holds everything of ours; it need not exist yet."""
    given = os.environ.get("MODELPACK_HOME")
    if given:
        return Path(given).expanduser().absolute()
    import platformdirs  # noqa: PLC0415 - not needed when the user has decided

    return platformdirs.user_data_path("jupyter_modelpack", appauthor=False)


def workspaces() -> Path:
    """Where workspaces lie that were created without a path: one folder a name."""
    return home() / "workspaces"


def cache() -> Path:
    """The machine's own OCI layout: base images and one layer a wheel, shared by all workspaces."""
    return home() / "cache"


def services() -> Path:
    """Where the process engine keeps what it needs to find its services again."""
    return home() / "services"
