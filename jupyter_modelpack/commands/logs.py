"""logs: what a service has written."""

from __future__ import annotations

from typing import Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Logs
from jupyter_modelpack.events import Reporter


def logs(
    _report: Reporter,
    *,
    service: options.Service = None,
    follow: Annotated[bool, Option("Go on until the service ends", "-f")] = False,
    tail: Annotated[int | None, Option("Only the last lines", metavar="LINES")] = None,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
) -> Logs:
    """Return the log of a service, or its last lines, or the lines to come as well."""
    from jupyter_modelpack.engine.diagnose import read_log

    chosen = lookup.engine(engine)
    found = lookup.service(chosen, service, workspace)
    written = read_log(chosen, found, tail=tail, follow=follow)
    return Logs(found, (), written) if follow else Logs(found, tuple(written))
