"""Registries of workspaces that a test has left in the background."""

import contextlib
from pathlib import Path

from jupyter_modelpack.errors import Conflict, Untrusted
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.probe import ask_to_leave


def end_registries(below: Path) -> None:
    """End the registries of the workspaces in the data folders of a folder, those that serve in the background."""
    for told in below.glob("*/workspaces/*/registry.json"):
        with contextlib.suppress(Conflict, Untrusted):  # a test has changed it
            ask_to_leave(Endpoint.from_json(told.read_bytes()))
