"""A workspace's folder: an OCI image layout with a description beside it.

What everything below `api` takes for a workspace; `api.workspace.Workspace` is one, with Azure's methods.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyter_modelpack.catalog.ownership import read_ours
from jupyter_modelpack.catalog.remote_address import RemoteAddress
from jupyter_modelpack.catalog.workspace_names import MARK
from jupyter_modelpack.errors import Conflict, UsageError
from jupyter_modelpack.oci.manifest import parse_object
from jupyter_modelpack.record_format import FIELD, check_format
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.store.files import TEMP_PREFIX, make_folder, write_file
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.os_errors import disk_errors
from jupyter_modelpack.store.repair import QUARANTINE

LOGS = "logs"
"""Folder for the logs of builds, one file each."""

ENDPOINT = "registry.json"
"""File with the address and the password of the workspace's own registry."""

_FORMAT = 1
"""Of the description."""

_OWN_FILES = (MARK, "index.json", "oci-layout", ENDPOINT)
_OWN_FOLDERS = ("blobs", LOGS, QUARANTINE)


class WorkspaceFolder:
    """A workspace that exists.

    Args:
        path: Its folder, absolute.

    Attributes:
        path: Its folder.
        name: Its name.
        tags: Text by key, as it was created with.
        created: When it was created.
        remote: The registry that its packages go to; None for its own on this machine.

    Raises:
        FileNotFoundError: there is no workspace in the folder.
        Denied: it belongs to another user.
        Untrusted: its description cannot be read.
        Conflict: a newer modelpack has written its description.
        UsageError: its description names a registry that cannot be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with disk_errors(path, "the workspace", "read"):
            document = self._description()
        self.name = str(document.get("name") or path.name)
        tags = document.get("tags")
        self.tags: dict[str, str] = tags if isinstance(tags, dict) else {}
        self.created = _created(document)
        try:
            self.remote = RemoteAddress.from_json(document.get("registry"))
        except UsageError as error:
            raise UsageError(
                f"{path / MARK} names a registry that cannot be: {error}",
                hint='Mend "registry" in that file, or take it out.',
                code="bad-registry",
            ) from error

    @cached_property
    def store(self) -> Layout:
        """The OCI image layout that holds everything; what a crash left in it is swept on the way."""
        return Layout.create(self.path)

    def endpoint(self) -> Endpoint:
        """Return address, user name and password of the workspace's own registry, chosen at the first call.

        Returns:
            An `Endpoint` with ``address`` (``host:port``), ``username`` and ``password``.

        Raises:
            Untrusted: the file that keeps it is damaged.
            Conflict: a newer modelpack has written it.
            Unavailable: no port is free.
        """
        path = self.path / ENDPOINT
        try:
            return Endpoint.from_json(path.read_bytes())
        except FileNotFoundError:
            pass
        with self.store.lock("registry"):
            if not path.exists():
                write_file(path, Endpoint.create().to_json(), private=True)
            return Endpoint.from_json(path.read_bytes())

    @property
    def registry_address(self) -> str:
        """What the locations of its packages begin with: the remote registry's address, else its own one's."""
        return self.remote.address if self.remote else self.endpoint().address

    def set_remote(self, remote: RemoteAddress | None) -> None:
        """Write down which registry its packages go to.

        Args:
            remote: The remote registry; None for the workspace's own on this machine.
        """
        with self.store.lock("workspace"):
            document = self._description()
            document.pop("registry", None)
            if remote:
                document["registry"] = remote.to_json()
            write_file(self.path / MARK, json.dumps(document, indent=1).encode(), private=True)
        self.remote = remote

    def remove(self) -> None:
        """Delete the workspace with everything in it; files of others stay, and then the folder does."""
        with disk_errors(self.path, "the deletion of a workspace"), self.store.lock("index"):
            for name in _OWN_FILES:  # the mark goes first: half a workspace is none
                (self.path / name).unlink(missing_ok=True)
            for name in _OWN_FOLDERS:
                shutil.rmtree(self.path / name, ignore_errors=True)
        for lock in self.path.glob("*.lock"):
            lock.unlink(missing_ok=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()

    def _description(self) -> dict[str, Any]:
        document = parse_object(read_ours(self.path / MARK, "The workspace"), "workspace's description")
        check_format(document, _FORMAT, str(self.path / MARK))
        return document

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkspaceFolder) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)


def make(folder: Path, name: str, tags: Mapping[str, str], remote: RemoteAddress | None) -> None:
    """Make a workspace in `folder`; one that another process makes there at the same moment is left as it is.

    Raises:
        Conflict: the folder holds other files, or is none.
    """
    if folder.exists() and (not folder.is_dir() or _holds_others(folder)):
        raise Conflict(f"{folder} holds other things; a workspace needs a folder of its own.")
    make_folder(folder)
    with Layout.create(folder).lock("workspace"):
        if (folder / MARK).exists():
            return
        made = datetime.now(UTC).isoformat()
        document: dict[str, Any] = {FIELD: _FORMAT, "name": name, "created": made, "tags": dict(tags)}
        if remote:
            document["registry"] = remote.to_json()
        write_file(folder / MARK, json.dumps(document, indent=1).encode(), private=True)


def _created(document: Mapping[str, Any]) -> datetime:
    """Return when a workspace was made; one whose description does not say so was made long ago."""
    try:
        return datetime.fromisoformat(str(document.get("created")))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def _holds_others(folder: Path) -> bool:
    """Whether a folder holds what no workspace does, not even one that is being made, or was when its maker died."""
    ours = {*_OWN_FILES, *_OWN_FOLDERS}
    return any(
        entry.name not in ours and ".lock" not in entry.suffixes and not entry.name.startswith(TEMP_PREFIX)
        for entry in folder.iterdir()
    )
