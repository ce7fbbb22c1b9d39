"""connect: keep a workspace's packages in a remote registry."""

from __future__ import annotations

from typing import Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Connected
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter


def connect(
    report: Reporter,
    *,
    registry: Annotated[
        str | None,
        Option(
            "Address, with the beginning of its repositories: host[:port][/team]; by default, only say where "
            "packages go",
            positional=True,
            metavar="REGISTRY",
        ),
    ] = None,
    own: Annotated[bool, Option("Go back to the workspace's own registry on this machine")] = False,
    plain_http: options.PlainHttp = False,
    workspace: options.Workspace = None,
) -> Connected:
    """Push what is packaged from now on to `registry`, and pull it from there; without one, say where it goes."""
    if registry and own:
        raise UsageError("A registry and --own are both given.", hint="Choose one of them.")
    ws = lookup.workspace(workspace)
    if registry:
        from jupyter_modelpack.catalog.remote_address import RemoteAddress
        from jupyter_modelpack.delivery.remote_registry import client_of

        # A wrong address is known now.
        client_of(RemoteAddress.parse(registry, plain_http=plain_http)).ping(report)
        ws.set_registry(registry, plain_http=plain_http)
    elif own:
        ws.set_registry(None)
    return Connected(ws.name, ws.registry or "", ws.endpoint().address)
