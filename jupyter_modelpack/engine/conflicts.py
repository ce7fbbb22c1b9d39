"""What to say when a port or a name is taken."""

from __future__ import annotations

from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.errors import Conflict


def port_conflict(port: int, holder: str, service: str = "") -> Conflict:
    """Return the error for a port in use by `holder`, a service of ours if `service` names it."""
    end = f"; or end the service: kill {service}" if service else ""
    return Conflict(
        f"Port {port} is in use by {holder}.", hint=f"Take a free one with --port 0{end}.", code="port-in-use"
    )


def name_conflict(holder: Service, *, mine: bool) -> Conflict:
    """Return the error for a name that `holder` has."""
    port = f" on port {holder.port}" if holder.port else ""
    what = f"service ({holder.engine} {holder.id[:12]}{port})" if mine else f"container ({holder.id[:12]}, not ours)"
    foreign = f"If you need it no more: {holder.engine} rm --force {holder.name}; or"
    hint = f"Replace it with --replace, end it with: kill {holder.name}; or" if mine else foreign
    return Conflict(
        f"The name {holder.name} is in use by a {what}, which is {holder.state}.",
        hint=f"{hint} take another name with --name.",
        code="name-in-use",
    )
