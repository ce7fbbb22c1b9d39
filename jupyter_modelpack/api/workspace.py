"""Workspace: a folder that is one OCI image layout.

Contract section 2. What only the Azure cloud has is None, or says so in one sentence.
"""

from __future__ import annotations

import builtins
import json
import logging
import os
import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_modelpack import home, opened
from jupyter_modelpack.api.azure_only import WORKSPACE_PARTS, accept
from jupyter_modelpack.catalog import config_file
from jupyter_modelpack.catalog.ownership import read_ours
from jupyter_modelpack.delivery import local_registry
from jupyter_modelpack.delivery.remote_registry import Remote
from jupyter_modelpack.errors import Conflict, Denied, NotFound, Untrusted, UsageError
from jupyter_modelpack.oci.manifest import parse_object
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.store.files import TEMP_PREFIX, make_folder, write_file
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.os_errors import disk_errors
from jupyter_modelpack.store.repair import QUARANTINE

if TYPE_CHECKING:
    from jupyter_modelpack.api.environment import Environment
    from jupyter_modelpack.api.model import Model
    from jupyter_modelpack.api.package import ModelPackage

_log = logging.getLogger(__name__)

MARK = "modelpack.json"
"""The file that makes a layout a workspace."""

OURS = ("index.json", "oci-layout", MARK, "registry.json")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Workspace:
    """A place for models, environments and images; a folder on this machine.

    `Workspace(workspace_name="tutorial")` opens one that exists, as `get` does.
    """

    subscription_id: None = None
    resource_group: None = None
    location: None = None
    sku: None = None
    discovery_url: None = None

    def __init__(
        self,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        workspace_name: str | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        **azure: object,
    ) -> None:
        accept("Workspace", azure, subscription_id=subscription_id, resource_group=resource_group)
        if workspace_name is None and path is None:
            raise UsageError("Workspace needs the name of a workspace.", hint='Workspace.get("tutorial"), for example.')
        self.path = _folder(workspace_name, path)
        try:
            with disk_errors(self.path, "the workspace", "read"):
                mark = read_ours(self.path / MARK, "The workspace")
        except (FileNotFoundError, NotADirectoryError) as error:
            name = workspace_name or self.path.name
            raise NotFound(
                f"There is no workspace {name!r} at {self.path}.",
                hint=f"Workspace.create({name!r}) makes one. There are: {', '.join(_names()) or 'none yet'}.",
                code="workspace-not-found",
            ) from error
        document = parse_object(mark, "workspace's description")
        self.name = str(document.get("name") or self.path.name)
        tags = document.get("tags")
        self.tags: dict[str, str] = tags if isinstance(tags, dict) else {}
        self.created = _created(document)
        try:
            self.remote = Remote.from_json(document.get("registry"))
        except UsageError as error:
            raise UsageError(
                f"{self.path / MARK} names a registry that cannot be: {error}",
                hint='Mend "registry" in that file, or take it out.',
                code="bad-registry",
            ) from error
        opened.note(self.path)

    # --- making and finding ---

    @classmethod
    def create(
        cls,
        name: str,
        auth: object = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        exist_ok: bool = False,
        show_output: bool = True,
        path: str | os.PathLike[str] | None = None,
        registry: str | None = None,
        **azure: object,
    ) -> Workspace:
        """Make a workspace (contract section 2).

        Args:
            name: Its name; also its folder's, under ``MODELPACK_HOME``, unless `path` is given.
            auth: Azure's; ignored, as are the next three and everything else only Azure has.
            subscription_id: Ignored.
            resource_group: Ignored.
            location: Ignored.
            tags: Words to keep with it.
            exist_ok: Whether one that exists is returned as it is.
            show_output: Accepted; there is no deployment to watch.
            path: Folder to make it in.
            registry: Where its packages go and come from, ``registry.example.com/team``; by default its own
                registry on this machine. Ours, not Azure's.
            azure: Other parameters of Azure's, ignored.

        """
        accept(
            "Workspace.create",
            azure,
            auth=auth,
            subscription_id=subscription_id,
            resource_group=resource_group,
            location=location,
            show_output=show_output or None,
        )
        folder = _folder(_check_name(name), path)
        remote = Remote.parse(registry) if registry else None
        if (folder / MARK).exists():
            if exist_ok:
                found = cls(workspace_name=name, path=folder)
                if remote and remote != found.remote:
                    found.set_registry(registry)
                return found
            raise Conflict(
                f"Workspace with name {name!r} already exists.",
                hint="Use Workspace.get, or pass exist_ok=True.",
                code="workspace-exists",
            )
        if folder.exists() and (not folder.is_dir() or _strangers(folder)):
            raise Conflict(f"{folder} holds other things; a workspace needs a folder of its own.")
        make_folder(folder)
        store = Layout.create(folder)
        with store.lock("workspace"):
            if not (folder / MARK).exists():
                document: dict[str, Any] = {
                    "name": name,
                    "created": datetime.now(UTC).isoformat(),
                    "tags": dict(tags or {}),
                    **({"registry": remote.to_json()} if remote else {}),
                }
                write_file(folder / MARK, json.dumps(document, indent=1).encode(), private=True)
        return cls(workspace_name=name, path=folder)

    @classmethod
    def get(
        cls,
        name: str,
        auth: object = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        **azure: object,
    ) -> Workspace:
        """Open a workspace that exists; `auth` and the like are Azure's (contract section 2)."""
        return cls(subscription_id, resource_group, name, path=path, auth=auth, **azure)

    @staticmethod
    def list(
        subscription_id: str | None = None, auth: object = None, **azure: object
    ) -> dict[str, builtins.list[Workspace]]:
        """Return the workspaces under ``MODELPACK_HOME``: name to a list of one (contract section 2)."""
        accept("Workspace.list", azure, subscription_id=subscription_id, auth=auth)
        found = {}
        for name in _names():
            try:
                with opened.unnoticed():
                    found[name] = [Workspace(workspace_name=name)]
            except (Denied, Untrusted) as error:
                _log.warning("%s", error.message)
        return found

    @classmethod
    def from_config(cls, path: str | os.PathLike[str] | None = None, auth: object = None, **azure: object) -> Workspace:
        """Open the workspace that a config.json names, looked for from `path` upward (contract section 2)."""
        accept("Workspace.from_config", azure, auth=auth)
        name, folder = config_file.read(config_file.find(Path(path or ".")))
        return cls(workspace_name=name, path=folder)

    @classmethod
    def default(cls) -> Workspace:
        """Return the workspace to use when nobody names one; ours, not Azure's.

        ``MODELPACK_WORKSPACE`` (a path or a name), else a config.json from here upward, else the
        workspace ``default``, made when it is missing.
        """
        name, folder, made = default_place()
        if made:
            return cls.create(name, path=folder, exist_ok=True)
        return cls(workspace_name=name, path=folder)

    def write_config(self, path: str | os.PathLike[str] | None = None, file_name: str | None = None) -> None:
        """Write the file that `from_config` finds (contract section 2)."""
        standard = self.path == _folder(self.name, None)
        config_file.write(Path(path or "."), file_name, self.name, None if standard else self.path)

    # --- contents ---

    @cached_property
    def store(self) -> Layout:
        """The OCI image layout that holds everything; what a crash left in it is swept on the way."""
        return Layout.create(self.path)

    @property
    def models(self) -> dict[str, Model]:
        """The latest version of each model, by name."""
        from jupyter_modelpack.api.model import Model  # noqa: PLC0415 - models know workspaces

        return {model.name: model for model in Model.list(self, latest=True)}

    @property
    def environments(self) -> dict[str, Environment]:
        """The latest version of each registered environment, by name."""
        from jupyter_modelpack.api.environment import Environment  # noqa: PLC0415 - as above

        return Environment.list(self)

    @property
    def packages(self) -> builtins.list[ModelPackage]:
        """The packaged images, newest first; ours, not Azure's."""
        from jupyter_modelpack.api.package import ModelPackage  # noqa: PLC0415 - as above

        return ModelPackage.list(self)

    @property
    def images(self) -> dict[str, ModelPackage]:
        """The newest packaged image of each name."""
        images = (package for package in reversed(self.packages) if not package.generate_dockerfile)
        return {(package.location or "").rpartition(":")[0]: package for package in images}

    def endpoint(self) -> Endpoint:
        """Return address, user name and password of the workspace's own registry; ours, not Azure's."""
        return local_registry.endpoint(self)

    @property
    def registry(self) -> str | None:
        """Address of the registry that its packages go to; None for its own. Ours, not Azure's."""
        return self.remote.address if self.remote else None

    def set_registry(self, address: str | None, *, plain_http: bool = False) -> None:
        """Let packages go to a registry of somebody's, and come from there; ours, not Azure's.

        The password is the one that ``docker login`` or ``podman login`` keeps; the workspace holds none.

        Args:
            address: ``host[:port]``, perhaps with the beginning of its repositories; None for its own.
            plain_http: Speak http to one that is not on this machine.

        """
        remote = Remote.parse(address, plain_http=plain_http) if address else None
        with self.store.lock("workspace"):
            document = parse_object(read_ours(self.path / MARK, "The workspace"), "workspace's description")
            document.pop("registry", None)
            if remote:
                document["registry"] = remote.to_json()
            write_file(self.path / MARK, json.dumps(document, indent=1).encode(), private=True)
        self.remote = remote

    def get_details(self) -> dict[str, Any]:
        """Return what there is to know about the workspace (contract section 2)."""
        return {
            "name": self.name,
            "path": str(self.path),
            "creationTime": self.created.isoformat(),
            "tags": dict(self.tags),
            "containerRegistry": self.registry or self.endpoint().address,
        }

    def delete(self, delete_dependent_resources: bool = False, no_wait: bool = False) -> None:
        """Delete the workspace with everything in it (contract section 2; both parameters are Azure's)."""
        accept("Workspace.delete", {}, no_wait=no_wait or None, delete_dependent_resources=delete_dependent_resources)
        with disk_errors(self.path, "the deletion of a workspace"), self.store.lock("index"):
            # The mark goes first: half a workspace is none.
            for name in (MARK, *OURS):
                (self.path / name).unlink(missing_ok=True)
            shutil.rmtree(self.path / "blobs", ignore_errors=True)
            shutil.rmtree(self.path / "logs", ignore_errors=True)
            shutil.rmtree(self.path / QUARANTINE, ignore_errors=True)
        for lock in self.path.glob("*.lock"):
            lock.unlink(missing_ok=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()

    def __getattr__(self, name: str) -> object:
        if name in WORKSPACE_PARTS:
            raise UsageError(f"Workspace.{name} is a service of the Azure cloud; this workspace is a folder.")
        raise AttributeError(f"'Workspace' object has no attribute {name!r}", name=name, obj=self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Workspace) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        place = "" if self.path == _folder(self.name, None) else f", path={str(self.path)!r}"
        return f"Workspace.create(name={self.name!r}{place})"


def default_place() -> tuple[str, Path | None, bool]:
    """Return name and folder of the workspace to use when nobody names one, and whether it is made when missing."""
    given = os.environ.get("MODELPACK_WORKSPACE")
    if given:
        return (Path(given).name, Path(given), True) if os.sep in given else (given, None, True)
    found = config_file.search(Path())
    return (*config_file.read(found), False) if found else ("default", None, True)


def is_default(folder: Path) -> bool:
    """Whether that folder is the workspace that is used when nobody names one."""
    name, where, _ = default_place()
    return folder == _folder(name, where)


def _check_name(name: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UsageError(
            f"Workspace name {name!r} is not usable.",
            hint="Use 1 to 63 letters, digits, dots, dashes or underscores, starting with a letter or digit.",
            code="bad-name",
        )
    return name


def _folder(name: str | None, path: str | os.PathLike[str] | None) -> Path:
    if path is not None:
        return Path(path).absolute()
    return home.workspaces() / _check_name(name or "")


def _names() -> list[str]:
    return sorted(mark.parent.name for mark in home.workspaces().glob(f"*/{MARK}"))


def _created(document: Mapping[str, Any]) -> datetime:
    """Return when a workspace was made; one whose description does not say so was made long ago."""
    try:
        return datetime.fromisoformat(str(document.get("created")))
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def _strangers(folder: Path) -> bool:
    """Whether a folder holds what no workspace does, not even one that is being made, or was when its maker died."""
    ours = {*OURS, "blobs", "logs", QUARANTINE}
    return any(
        entry.name not in ours and ".lock" not in entry.suffixes and not entry.name.startswith(TEMP_PREFIX)
        for entry in folder.iterdir()
    )
