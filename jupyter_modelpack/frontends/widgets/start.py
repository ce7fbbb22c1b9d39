"""Run, from a button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.commands.run import Running, run
from jupyter_modelpack.engine import ports
from jupyter_modelpack.engine.base import DEFAULT_PORT
from jupyter_modelpack.events import Reporter


def start(package: str, where: Mapping[str, Any]) -> Running:
    """Start a package on the tutorial's port, or on a free one while another service holds that."""
    try:
        port = DEFAULT_PORT if ports.is_free(DEFAULT_PORT) else 0
    except PermissionError:
        port = 0
    return run(Reporter(), package=package, port=port, **where)


def told(done: Running) -> str:
    """Return what to say of it."""
    return f"{done.service.name} {'runs already' if done.before else 'answers'} at {done.service.url}"
