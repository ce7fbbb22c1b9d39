"""Client of the remote registry that a workspace names as its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_modelpack.delivery.push import mount_from
from jupyter_modelpack.delivery.pushed_layers import PushedLayers
from jupyter_modelpack.errors import Denied, Unavailable
from jupyter_modelpack.oci.names import Reference

if TYPE_CHECKING:
    from jupyter_modelpack.catalog.remote_address import RemoteAddress
    from jupyter_modelpack.catalog.workspace_folder import WorkspaceFolder
    from jupyter_modelpack.events import Reporter
    from jupyter_modelpack.oci.image import Image
    from jupyter_modelpack.registry.client.client import Registry
    from jupyter_modelpack.registry.client.credentials import RegistryCredentials


def credentials_of(remote: RemoteAddress) -> RegistryCredentials | None:
    """Return what Docker or Podman keeps to log in with."""
    from jupyter_modelpack.registry.client.credentials import find_credentials  # noqa: PLC0415 - rarely needed

    return find_credentials(remote.host, remote.any_repository)


def client_of(remote: RemoteAddress) -> Registry:
    """Return a client that logs in with what Docker or Podman keeps."""
    from jupyter_modelpack.registry.client.client import Registry  # noqa: PLC0415 - only who sends pays for it

    return Registry(remote.host, credentials=credentials_of(remote), plain_http=remote.plain_http or None)


def send(workspace: WorkspaceFolder, name: str, image: Image, report: Reporter, *, as_it_is: bool = False) -> None:
    """Push a package to the workspace's remote registry, if it has one; the package stays here whatever happens.

    Args:
        workspace: The workspace.
        name: ``repository:tag`` in the workspace; the image gets the same name below the remote address.
        image: The image.
        report: Told about the push.
        as_it_is: Whether it keeps its digest, because something names that; else layers are compressed.

    Raises:
        Denied: the registry refuses the push.
        Unavailable: the registry cannot be reached, or stays busy.
    """
    remote = workspace.remote
    if remote is None:
        return
    try:
        _push(remote, name, image, report, as_it_is=as_it_is)
    except (Denied, Unavailable) as error:
        message = f"{name} is in the workspace, but not in {remote.address}: {error.message}"
        hint = f"Send it later with `modelpack push {name}`. {error.hint}"
        if isinstance(error, Denied):
            raise Denied(message, hint=hint, code=error.code) from error
        raise Unavailable(message, hint=hint, code=error.code, retry=error.retry) from error


def _push(remote: RemoteAddress, name: str, image: Image, report: Reporter, *, as_it_is: bool) -> None:
    from jupyter_modelpack.registry.client.transfer import push_image  # noqa: PLC0415 - only who sends pays for it

    report.stage("push", f"Pushing to {remote.address}/{name}")
    target = Reference.parse(f"{remote.address}/{name}").on_hub()
    memory = None if as_it_is else PushedLayers()
    push_image(image, target, report, client_of(remote), mount_from(image, target), memory=memory)
