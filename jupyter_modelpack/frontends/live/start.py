"""Run, from a button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.results import Running
from jupyter_modelpack.commands.run import default_name, run
from jupyter_modelpack.engine import ports
from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.listener import DEFAULT_PORT


def start(package: str, target: Mapping[str, Any]) -> Running:
    """Start a package on the tutorial's port, or on a free one while another service holds that.

    One that runs already is found again, whatever port it was given.
    """
    return run(Reporter(), package=package, port=0 if _runs(package, target) else _port(), **target)


def _runs(package: str, target: Mapping[str, Any]) -> bool:
    try:
        return not lookup.engine(target.get("engine")).find(default_name(package)).ended
    except NotFound:
        return False


def _port() -> int:
    try:
        return DEFAULT_PORT if ports.is_free(DEFAULT_PORT) else 0
    except PermissionError:
        return 0


def sentence(done: Running) -> str:
    """Return what to say of a service that was started."""
    return f"{done.service.name} {'runs already' if done.before else 'answers'} at {done.service.url}"
