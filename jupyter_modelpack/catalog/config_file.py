"""The config.json that names a workspace.

azure-differences.md 2: looked for from a folder upward, in ``.azureml/``, ``aml_config/``, then bare.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from jupyter_modelpack.catalog.ownership import ours
from jupyter_modelpack.errors import NotFound, UsageError
from jupyter_modelpack.oci.manifest import parse_object
from jupyter_modelpack.store.files import write_file

_log = logging.getLogger(__name__)
_FOLDERS = (".azureml", "aml_config", "")
_FILES = ("config.json", "project.json")


def search(start: Path) -> Path | None:
    """Return the nearest config file from the folder `start` upward, or None."""
    start = start.absolute()
    for folder in (start, *start.parents):
        for name in _FILES:
            for place in _FOLDERS:
                path = folder / place / name
                # A bare config.json of some other program is not ours to complain about.
                if _is_file(path) and _is_obeyed(path) and _name(path):
                    return path
    return None


def find(start: Path) -> Path:
    """Return the config file at or above `start`; raise `NotFound` as Azure words it."""
    if start.is_file():
        return start
    found = search(start)
    if found is None:
        raise NotFound(
            "The workspace configuration file config.json, could not be found in "
            f"{start.absolute()} or its parent directories.",
            hint="ws.write_config() writes one; Workspace.get(name) needs none.",
            code="config-not-found",
        )
    return found


def read(path: Path) -> tuple[str, Path | None]:
    """Return the workspace's name, and its folder when the file names one."""
    document = parse_object(path.read_bytes(), f"file {path}")
    name = _name(path)
    if not name:
        raise UsageError(f"{path} names no workspace: it has no workspace_name.", code="bad-config")
    folder = document.get("path")
    return name, Path(path.parent, str(folder)) if folder else None


def write(folder: Path, file_name: str | None, name: str, path: Path | None) -> None:
    """Write ``.azureml/<file_name>`` below `folder`, or into an ``aml_config`` that is there."""
    place = folder / "aml_config" if (folder / "aml_config").is_dir() else folder / ".azureml"
    document = {"subscription_id": None, "resource_group": None, "workspace_name": name}
    if path is not None:
        document["path"] = str(path)
    place.mkdir(parents=True, exist_ok=True)
    write_file(place / (file_name or _FILES[0]), json.dumps(document, indent=4).encode())


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except PermissionError:  # in a folder that is closed to us
        return False


def _is_obeyed(path: Path) -> bool:
    if ours(path):
        return True
    _log.warning("%s is passed over: it belongs to another user.", path)
    return False


def _name(path: Path) -> str:
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError, PermissionError):
        return ""
    if not isinstance(document, dict):
        return ""
    scope = str(document.get("Scope") or document.get("Id") or "")  # the legacy form: an ARM path
    return str(document.get("workspace_name") or scope.rstrip("/").rpartition("/")[2])
