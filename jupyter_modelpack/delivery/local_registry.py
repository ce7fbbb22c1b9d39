"""How to reach the registry of a workspace's packages; its own one is started on demand."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_modelpack.catalog import azure_output
from jupyter_modelpack.delivery import remote_registry
from jupyter_modelpack.redact import Secret, scrub

if TYPE_CHECKING:
    from jupyter_modelpack.catalog.workspace_folder import WorkspaceFolder
    from jupyter_modelpack.registry.server.endpoint import Endpoint

_LOGIN_SECONDS = 30
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """Where one logs in, and as whom.

    Attributes:
        address: ``host[:port]``.
        username: The user name; None when none is known.
        password: The password; None when none is known.
    """

    address: str
    username: str | None = None
    password: Secret | None = None


def ensure(workspace: WorkspaceFolder) -> Endpoint:
    """Start the workspace's own registry unless it answers already; return where it serves."""
    from jupyter_modelpack.registry.server.process import ensure_serving  # noqa: PLC0415 - only who serves pays for it

    found = workspace.endpoint()
    ensure_serving(
        found, [sys.executable, "-P", "-m", "jupyter_modelpack.delivery.serve_registry", str(workspace.path)]
    )
    return found


def account(workspace: WorkspaceFolder) -> Account:
    """Return how to log in to the registry of the workspace's packages; its own one serves then."""
    if workspace.remote is None:
        found = ensure(workspace)
        return Account(found.address, found.username, found.password)
    known = remote_registry.credentials_of(workspace.remote)
    if known is None or known.identity_token:
        return Account(workspace.remote.host)
    return Account(workspace.remote.host, known.username, known.password)


def login(workspace: WorkspaceFolder) -> None:
    """Log the ``docker`` command in, so that a saved Dockerfile builds; failing is only a warning."""
    found = account(workspace)
    azure_output.logging_in(found.address)
    program = shutil.which("docker")
    if program is None:
        _log.warning("Unable to log into Docker registry: there is no docker command here.")
        return
    if not (found.username and found.password):
        _log.warning("Unable to log into Docker registry: no password is known. Run docker login %s.", found.address)
        return
    argv = [program, "login", found.address, "--username", found.username, "--password-stdin"]
    try:
        done = subprocess.run(
            argv,
            input=found.password.reveal(),
            capture_output=True,
            text=True,
            timeout=_LOGIN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        _log.warning("Unable to log into Docker registry: docker login did not answer.")
        return
    if done.returncode:
        why = scrub(done.stderr.strip(), found.password).splitlines()
        _log.warning(
            "Unable to log into Docker registry (is Docker installed and running?). %s", why[-1] if why else ""
        )
