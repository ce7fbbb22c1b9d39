"""registry: serve a workspace's images in the foreground."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jupyter_modelpack.commands import choose
from jupyter_modelpack.events import Reporter


@dataclass(frozen=True, slots=True)
class Serving:
    """A registry that is ready to serve.

    Attributes:
        address: ``host:port``.
        handle: Serves in the thread that calls it, until it is interrupted; calls its first argument
            once it answers, and gives each request to its second as a line.

    """

    workspace: str
    address: str
    username: str
    handle: Callable[[Callable[[], None], Callable[[str], None]], None] = field(repr=False)


def registry(_report: Reporter, *, workspace: str | None = None) -> Serving:
    """Make ready to serve all images of a workspace at its own address."""
    from jupyter_modelpack.registry import process  # noqa: PLC0415 - verbs start fast
    from jupyter_modelpack.workspace import registry_home  # noqa: PLC0415

    where = choose.workspace(workspace)
    endpoint = registry_home.endpoint(where)
    return Serving(
        where.name,
        endpoint.address,
        endpoint.username,
        lambda ready, log: process.serve(where.store, endpoint, idle_seconds=float("inf"), ready=ready, log=log),
    )
