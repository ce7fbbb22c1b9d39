"""kill: end a service at once."""

from __future__ import annotations

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.results import Killed
from jupyter_modelpack.events import Reporter


def kill(
    _report: Reporter,
    *,
    service: options.Service = None,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
) -> Killed:
    """End a service; its log stays readable until another takes its name."""
    chosen = lookup.engine(engine)
    found = lookup.service(chosen, service, workspace)
    return Killed(chosen.kill(found), found.ended)
