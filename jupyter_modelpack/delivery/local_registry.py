"""The workspace's own registry: its address and password, kept; its process, started on demand.

The address stays the same for a workspace, so that a saved Dockerfile still builds tomorrow.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from jupyter_modelpack.api.container_registry import ContainerRegistry
from jupyter_modelpack.catalog import azure_output
from jupyter_modelpack.redact import Secret, scrub
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.store.files import write_file

if TYPE_CHECKING:
    from jupyter_modelpack.api.workspace import Workspace

FILE = "registry.json"
_LOGIN_SECONDS = 30
_log = logging.getLogger(__name__)


def endpoint(workspace: Workspace) -> Endpoint:
    """Return where the registry of `workspace` serves; chosen once, then read from its private file."""
    path = workspace.path / FILE
    try:
        return Endpoint.from_json(path.read_bytes())
    except FileNotFoundError:
        pass
    with workspace.store.lock("registry"):
        if not path.exists():
            write_file(path, Endpoint.create().to_json(), private=True)
        return Endpoint.from_json(path.read_bytes())


def ensure(workspace: Workspace) -> Endpoint:
    """See to it that the registry answers; return where."""
    from jupyter_modelpack.registry.server.process import ensure_serving  # noqa: PLC0415 - only who serves pays for it

    found = endpoint(workspace)
    ensure_serving(
        found, [sys.executable, "-P", "-m", "jupyter_modelpack.delivery.serve_registry", str(workspace.path)]
    )
    return found


def container_registry(workspace: Workspace) -> ContainerRegistry:
    """Return the workspace's registry as the API names it; its own one serves then."""
    if workspace.remote is None:
        found = ensure(workspace)
        return ContainerRegistry(found.address, found.username, found.password)
    known = workspace.remote.credentials
    if known is None or known.identity_token:
        return ContainerRegistry(workspace.remote.host)
    return ContainerRegistry(workspace.remote.host, known.username, known.password)


def login(workspace: Workspace) -> None:
    """Sign the ``docker`` command in, so that a saved Dockerfile builds; failing is only a warning."""
    found = container_registry(workspace)
    azure_output.logging_in(str(found.address))
    program = shutil.which("docker")
    if program is None:
        _log.warning("Unable to log into Docker registry: there is no docker command here.")
        return
    if not (found.username and found.password):
        _log.warning("Unable to log into Docker registry: no password is known. Run docker login %s.", found.address)
        return
    argv = [program, "login", str(found.address), "--username", found.username, "--password-stdin"]
    try:
        done = subprocess.run(
            argv,
            input=found.password,
            capture_output=True,
            text=True,
            timeout=_LOGIN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        _log.warning("Unable to log into Docker registry: docker login did not answer.")
        return
    if done.returncode:
        why = scrub(done.stderr.strip(), Secret(found.password)).splitlines()
        _log.warning(
            "Unable to log into Docker registry (is Docker installed and running?). %s", why[-1] if why else ""
        )
