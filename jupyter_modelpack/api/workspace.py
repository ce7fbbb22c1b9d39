"""Workspace: a folder that is one OCI image layout.

azure-differences.md 2. What only the Azure cloud has is None, or says so in one sentence.
"""

from __future__ import annotations

import builtins
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_modelpack import opened
from jupyter_modelpack.api.azure_only import WORKSPACE_PARTS, accept
from jupyter_modelpack.catalog import config_file, workspace_folder, workspace_names
from jupyter_modelpack.catalog.remote_address import RemoteAddress
from jupyter_modelpack.catalog.workspace_folder import WorkspaceFolder
from jupyter_modelpack.catalog.workspace_names import MARK, folder_of
from jupyter_modelpack.errors import Conflict, ModelpackError, NotFound, UsageError
from jupyter_modelpack.registry.server.endpoint import Endpoint

if TYPE_CHECKING:
    from jupyter_modelpack.api.environment import Environment
    from jupyter_modelpack.api.model import Model
    from jupyter_modelpack.api.package import ModelPackage

_log = logging.getLogger(__name__)


class Workspace(WorkspaceFolder):
    """A place for models, environments and images; a folder on this machine.

    `Workspace(workspace_name="tutorial")` opens one that exists, as `get` does.

    Args:
        subscription_id: Azure's; ignored.
        resource_group: Azure's; ignored.
        workspace_name: Its name; it is looked for under ``MODELPACK_HOME`` unless `path` is given.
        path: Its folder, where that lies elsewhere.
        azure: Other parameters of Azure's, ignored.

    Raises:
        NotFound: there is no such workspace; the hint names those that there are.
        Denied: it belongs to another user.
        UsageError: the name is not usable.
        TypeError: a parameter is neither ours nor Azure's.

    Attributes:
        name: Its name.
        path: Its folder, absolute.
        tags: Text by key, as it was created with.
        created: When it was created.
        remote: The registry that its packages go to; None for its own on this machine.
        store: The OCI image layout that holds everything.
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
        folder = folder_of(workspace_name, path)
        try:
            super().__init__(folder)
        except (FileNotFoundError, NotADirectoryError) as error:
            name = workspace_name or folder.name
            there = ", ".join(workspace_names.names())
            raise NotFound(
                f"There is no workspace {name!r} at {folder}.",
                hint=f"Workspace.create({name!r}) makes one. There are: {there or 'none yet'}.",
                code="workspace-not-found",
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
        """Make a workspace (azure-differences.md 2).

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

        Returns:
            The workspace, opened.

        Raises:
            Conflict: it exists, and `exist_ok` is False; or the folder holds other files.
            UsageError: the name, or the registry's address, is not usable.
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
        folder = folder_of(workspace_names.check_name(name), path)
        remote = RemoteAddress.parse(registry) if registry else None
        if (folder / MARK).exists():
            if exist_ok:
                found = cls(workspace_name=name, path=folder)
                if remote and remote != found.remote:
                    found.set_remote(remote)
                return found
            raise Conflict(
                f"Workspace with name {name!r} already exists.",
                hint="Use Workspace.get, or pass exist_ok=True.",
                code="workspace-exists",
            )
        workspace_folder.make(folder, name, tags or {}, remote)
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
        """Open a workspace that exists (azure-differences.md 2).

        Args:
            name: Its name.
            auth: Azure's; ignored, as are the next two and everything else only Azure has.
            subscription_id: Ignored.
            resource_group: Ignored.
            path: Its folder, where that is not under ``MODELPACK_HOME``.
            azure: Other parameters of Azure's, ignored.

        Raises:
            NotFound: there is no such workspace; the hint names those that there are.
            Denied: it belongs to another user.
        """
        return cls(subscription_id, resource_group, name, path=path, auth=auth, **azure)

    @staticmethod
    def list(
        subscription_id: str | None = None, auth: object = None, **azure: object
    ) -> dict[str, builtins.list[Workspace]]:
        """Return the workspaces under ``MODELPACK_HOME`` (azure-differences.md 2).

        Args:
            subscription_id: Azure's; ignored.
            auth: Azure's; ignored.
            azure: Other parameters of Azure's, ignored.

        Returns:
            A list of one workspace for each name. One that cannot be opened is left out, and a warning logged.

        Raises:
            TypeError: a parameter is neither ours nor Azure's.
        """
        accept("Workspace.list", azure, subscription_id=subscription_id, auth=auth)
        found = {}
        for name in workspace_names.names():
            try:
                with opened.unnoticed():
                    found[name] = [Workspace(workspace_name=name)]
            except ModelpackError as error:  # one that cannot be opened is no reason to show none
                _log.warning("%s", error.message)
        return found

    @classmethod
    def from_config(cls, path: str | os.PathLike[str] | None = None, auth: object = None, **azure: object) -> Workspace:
        """Open the workspace that a config.json names (azure-differences.md 2).

        Args:
            path: The file, or the folder from which it is looked for upward; by default the current folder.
            auth: Azure's; ignored.
            azure: Other parameters of Azure's, ignored.

        Raises:
            NotFound: there is no such file, or no workspace where it says.
            UsageError: the file names no workspace.
        """
        accept("Workspace.from_config", azure, auth=auth)
        name, folder = config_file.read(config_file.find(Path(path or ".")))
        return cls(workspace_name=name, path=folder)

    @classmethod
    def default(cls) -> Workspace:
        """Return the workspace to use when nobody names one; ours, not Azure's.

        ``MODELPACK_WORKSPACE`` (a path or a name), else a config.json from here upward, else the
        workspace ``default``, made when it is missing.
        """
        name, folder, made = workspace_names.default()
        if made:
            return cls.create(name, path=folder, exist_ok=True)
        return cls(workspace_name=name, path=folder)

    def write_config(self, path: str | os.PathLike[str] | None = None, file_name: str | None = None) -> None:
        """Write the file that `from_config` finds (azure-differences.md 2).

        Args:
            path: The folder in which ``.azureml/`` gets the file; by default the current folder.
            file_name: The file's name; ``config.json`` by default.
        """
        standard = self.path == folder_of(self.name)
        config_file.write(Path(path or "."), file_name, self.name, None if standard else self.path)

    # --- contents ---

    @property
    def models(self) -> dict[str, Model]:
        """The latest version of each model, by name."""
        from jupyter_modelpack.api.model import Model  # noqa: PLC0415 - only who asks for models pays for it

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
        """Return where the workspace's own registry serves; ours, not Azure's.

        Returns:
            An object with ``address`` (``host:port``), ``username`` and ``password``; chosen once, then kept.

        Raises:
            Untrusted: the file that keeps it is damaged.
            Unavailable: no port is free.
        """
        return super().endpoint()

    @property
    def registry(self) -> str | None:
        """Address of the registry that its packages go to; None for its own. Ours, not Azure's."""
        return self.remote.address if self.remote else None

    def set_registry(self, address: str | None, *, plain_http: bool = False) -> None:
        """Push packages to a remote registry from now on, and pull them from there; ours, not Azure's.

        The password is the one that ``docker login`` or ``podman login`` keeps; the workspace holds none.

        Args:
            address: ``host[:port]``, perhaps with the beginning of its repositories; None for its own.
            plain_http: Whether to speak http to one that is not on this machine; False by default.

        Raises:
            UsageError: the address names no registry.
        """
        self.set_remote(RemoteAddress.parse(address, plain_http=plain_http) if address else None)

    def get_details(self) -> dict[str, Any]:
        """Return what there is to know about the workspace (azure-differences.md 2)."""
        return {
            "name": self.name,
            "path": str(self.path),
            "creationTime": self.created.isoformat(),
            "tags": dict(self.tags),
            "containerRegistry": self.registry or self.endpoint().address,
        }

    def delete(self, delete_dependent_resources: bool = False, no_wait: bool = False) -> None:
        """Delete the workspace with everything in it (azure-differences.md 2).

        Args:
            delete_dependent_resources: Azure's; ignored, since all of it is in the workspace.
            no_wait: Azure's; ignored.

        Raises:
            Denied: its files may not be deleted.
        """
        accept("Workspace.delete", {}, no_wait=no_wait or None, delete_dependent_resources=delete_dependent_resources)
        self.remove()

    def __getattr__(self, name: str) -> object:
        if name in WORKSPACE_PARTS:
            raise UsageError(f"Workspace.{name} is a service of the Azure cloud; this workspace is a folder.")
        raise AttributeError(f"'Workspace' object has no attribute {name!r}", name=name, obj=self)

    def __repr__(self) -> str:
        place = "" if self.path == folder_of(self.name) else f", path={str(self.path)!r}"
        return f"Workspace.create(name={self.name!r}{place})"
