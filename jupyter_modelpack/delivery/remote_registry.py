"""A registry of somebody's that a workspace has named as its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from jupyter_modelpack.delivery.push import mount_from
from jupyter_modelpack.delivery.pushed_layers import Shipped
from jupyter_modelpack.errors import Denied, Unavailable, UsageError
from jupyter_modelpack.oci.names import Reference

if TYPE_CHECKING:
    from jupyter_modelpack.api.workspace import Workspace
    from jupyter_modelpack.events import Reporter
    from jupyter_modelpack.oci.image import Image
    from jupyter_modelpack.registry.client.client import Registry
    from jupyter_modelpack.registry.client.credentials import Credentials


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a workspace's packages go.

    Attributes:
        address: ``host[:port]``, perhaps with the beginning of its repositories: ``registry.example.com/team``.
        plain_http: Whether to speak http to it though it is not on this machine.
    """

    address: str
    plain_http: bool = False

    @classmethod
    def parse(cls, address: str, *, plain_http: bool = False) -> Self:
        """Read an address as people write it; raise `UsageError` when it names no registry."""
        text = address.strip().rstrip("/")
        scheme, slashes, rest = text.partition("://")
        if slashes:
            raise UsageError(
                f"A registry is named without {scheme}://.",
                hint=f"Write {rest}; plain http is asked for by --plain-http, in Python by plain_http=True.",
                code="bad-registry",
            )
        if not text or not Reference.parse(f"{text}/x").registry:
            raise UsageError(
                f"{address!r} is no address of a registry.",
                hint="Write host:port or host/team: registry.example.com, localhost:5000, docker.io/me.",
                code="bad-registry",
            )
        return cls(text, plain_http)

    @classmethod
    def from_json(cls, document: Any) -> Self | None:
        """Read what `to_json` wrote; anything else is none."""
        if not isinstance(document, dict) or not isinstance(document.get("address"), str):
            return None
        return cls.parse(document["address"], plain_http=document.get("plain_http") is True)

    def to_json(self) -> dict[str, Any]:
        """Return what is kept in the workspace's description."""
        return {"address": self.address, "plain_http": self.plain_http}

    @property
    def host(self) -> str:
        """What one logs in to."""
        return Reference.parse(f"{self.address}/x").registry

    @property
    def credentials(self) -> Credentials | None:
        """What Docker or Podman keeps to log in with."""
        from jupyter_modelpack.registry.client.credentials import find_credentials  # noqa: PLC0415 - rarely needed

        return find_credentials(self.host, Reference.parse(f"{self.address}/x").repository)

    def client(self) -> Registry:
        """Return a connection."""
        from jupyter_modelpack.registry.client.client import Registry  # noqa: PLC0415 - only who sends pays for it

        return Registry(self.host, credentials=self.credentials, plain_http=self.plain_http or None)

    def take(self, name: str, image: Image, report: Reporter, *, as_it_is: bool = False) -> None:
        """Push an image of the workspace, under its own name there.

        Args:
            name: ``repository:tag`` in the workspace.
            image: The image.
            report: Hears of it.
            as_it_is: Whether it keeps its digest, because something names that; else layers are compressed.
        """
        from jupyter_modelpack.registry.client.transfer import push_image  # noqa: PLC0415 - only who sends pays for it

        report.stage("push", f"Pushing to {self.address}/{name}")
        place = Reference.parse(f"{self.address}/{name}").on_hub()
        memory = None if as_it_is else Shipped()
        push_image(image, place, report, self.client(), mount_from(image, place), memory=memory)


def address(workspace: Workspace) -> str:
    """Return what the names of a workspace's packages begin with."""
    return workspace.remote.address if workspace.remote else workspace.endpoint().address


def send(workspace: Workspace, name: str, image: Image, report: Reporter, *, as_it_is: bool = False) -> None:
    """Push a package to the workspace's remote registry, if it has one; the package stays here whatever happens."""
    if workspace.remote is None:
        return
    try:
        workspace.remote.take(name, image, report, as_it_is=as_it_is)
    except (Denied, Unavailable) as error:
        message = f"{name} is in the workspace, but not in {workspace.remote.address}: {error.message}"
        hint = f"Send it later with `modelpack push {name}`. {error.hint}"
        if isinstance(error, Denied):
            raise Denied(message, hint=hint, code=error.code) from error
        raise Unavailable(message, hint=hint, code=error.code, retry=error.retry) from error
