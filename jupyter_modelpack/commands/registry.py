"""registry: serve a workspace's images in the foreground."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Serving
from jupyter_modelpack.events import Reporter


def registry(
    _report: Reporter,
    *,
    writable: Annotated[bool, Option("Let clients push into the workspace and delete there, too")] = False,
    workspace: options.Workspace = None,
) -> Serving:
    """Make ready to serve all images of a workspace at its own address; `writable` lets clients push there, too."""
    from jupyter_modelpack.catalog.package_record import FACTS, OURS
    from jupyter_modelpack.registry.server import process
    from jupyter_modelpack.registry.server.push_api import Inbox

    ws = lookup.workspace(workspace)
    endpoint = ws.endpoint()

    def serve(ready: Callable[[], None], log: Callable[[str], None]) -> None:
        inbox = Inbox(ws.store, OURS, own=lambda entry: FACTS in entry.annotations) if writable else None
        # What is pushed has no name until its manifest comes: the lease keeps it from collectors.
        with ws.store.work() if writable else nullcontext():
            process.serve(ws.store, endpoint, idle_seconds=float("inf"), ready=ready, log=log, inbox=inbox)

    return Serving(ws.name, endpoint.address, endpoint.username, serve)
