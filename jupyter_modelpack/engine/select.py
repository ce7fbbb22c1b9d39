"""Choosing the engine."""

from __future__ import annotations

import os

from jupyter_modelpack import supported
from jupyter_modelpack.engine.base import Engine
from jupyter_modelpack.engine.process.engine import ProcessEngine
from jupyter_modelpack.errors import Denied, Unavailable, UsageError

ENVIRONMENT = "MODELPACK_ENGINE"
NAMES = ("docker", "podman", "process")


def choose(name: str | None = None) -> Engine:
    """Return the engine of that name.

    Args:
        name: ``docker``, ``podman`` or ``process``; None takes ``MODELPACK_ENGINE``, else a container
            engine if one answers soon, else the process engine.

    Raises:
        UsageError: no such engine, or an address that cannot be one.
        Unavailable: an engine asked for by name does not answer; the message says why.
        Denied: it may not be used.

    """
    wanted = name or os.environ.get(ENVIRONMENT) or None
    if wanted is not None and wanted not in NAMES:
        source = "" if name else f" ({ENVIRONMENT})"
        raise UsageError(f"No engine is called {wanted!r}{source}.", hint=f"Choose one of {', '.join(NAMES)}.")
    if wanted == "process":
        return ProcessEngine()
    if wanted is not None:
        return container_engine(wanted)
    try:
        return container_engine()
    except (Unavailable, Denied, UsageError):
        if not supported.has_processes():
            raise  # there is no other way on this system, so why this one is closed counts
        return ProcessEngine()


def container_engine(name: str | None = None) -> Engine:
    """Return a container engine that answers; raise why none does."""
    # Imported here: the SDK takes 100 ms, which only those callers pay that need an engine.
    from jupyter_modelpack.engine.docker.connection import connect  # noqa: PLC0415
    from jupyter_modelpack.engine.docker.containers import ContainerEngine  # noqa: PLC0415

    return ContainerEngine(connect(name))


def why_no_engine() -> str:
    """Return what to say beside a service that is not isolated: why, and how to get an engine."""
    try:
        found = container_engine()
    except (Unavailable, Denied, UsageError) as error:
        return f"Not isolated: the service runs as a local process. {error.message} {error.hint}".rstrip()
    return f"Not isolated: the service runs as a local process, as you asked; {found.describe()} is there."
