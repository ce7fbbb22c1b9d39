"""logs: what a service has written."""

from __future__ import annotations

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.results import Logs
from jupyter_modelpack.engine.diagnose import read_log
from jupyter_modelpack.events import Reporter


def logs(
    _report: Reporter,
    *,
    service: str | None = None,
    follow: bool = False,
    tail: int | None = None,
    workspace: str | None = None,
    engine: str | None = None,
) -> Logs:
    """Return the log of a service, or its last lines, or the lines to come as well."""
    chosen = lookup.engine(engine)
    found = lookup.service(chosen, service, workspace)
    written = read_log(chosen, found, tail=tail, follow=follow)
    return Logs(found, (), written) if follow else Logs(found, tuple(written))
