"""logs: what a service has written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.engine.diagnose import read_log
from jupyter_modelpack.events import Reporter


@dataclass(frozen=True, slots=True)
class Logs:
    """The log of a service.

    Attributes:
        service: Whose.
        lines: All that was asked for; empty when following.
        handle: When following, the lines as they come; a front end shows each at once.
    """

    service: Service
    lines: tuple[str, ...]
    handle: Iterator[str] | None = field(default=None, repr=False)


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
