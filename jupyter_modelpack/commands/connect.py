"""connect: let a workspace's packages live in a registry of somebody's."""

from __future__ import annotations

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.results import Connected
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter


def connect(
    report: Reporter,
    *,
    registry: str | None = None,
    own: bool = False,
    plain_http: bool = False,
    workspace: str | None = None,
) -> Connected:
    """Push what is packaged from now on to `registry`, and pull it from there; without one, say where it goes."""
    if registry and own:
        raise UsageError("A registry and --own are both given.", hint="Choose one of them.")
    where = lookup.workspace(workspace)
    if registry:
        from jupyter_modelpack.catalog.remote_address import RemoteAddress  # noqa: PLC0415 - verbs start fast
        from jupyter_modelpack.delivery.remote_registry import client_of  # noqa: PLC0415

        # A wrong address is known now.
        client_of(RemoteAddress.parse(registry, plain_http=plain_http)).ping(report)
        where.set_registry(registry, plain_http=plain_http)
    elif own:
        where.set_registry(None)
    return Connected(where.name, where.registry or "", where.endpoint().address)
