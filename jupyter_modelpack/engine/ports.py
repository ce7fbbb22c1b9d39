"""Find free ports of this machine and the host names that a service accepts."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping
from contextlib import closing

from jupyter_modelpack.image_contract import ALLOWED_HOSTS_VARIABLE

LOOPBACK = "127.0.0.1"

_OUR_NAMES = ("localhost", "127.0.0.1", "[::1]", "host.docker.internal", "host.containers.internal")
"""Loopback, and what containers call the computer that they run on: no public names end in ``internal``."""
EVERYWHERE = "0.0.0.0"  # noqa: S104 - for who asks for it


def free_port() -> int:
    """Return a port on which no program listens.

    Another program could take it before the service does; the kernel hands out such ports in turn, so
    it would have to ask for this one by number.
    """
    with closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def allowed_hosts(name: str = "", environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variable that names the hosts by which a service on loopback may be called; it refuses others.

    On JupyterHub nothing: there it is reached through Jupyter's proxy, by the hub's name, and no browser runs on the
    computer whose loopback it is.

    Args:
        name: By which containers of its network reach it; one with a dot is left out: it may be registered.
        environ: Our own variables.
    """
    if "JUPYTERHUB_SERVICE_PREFIX" in environ:
        return {}
    own = [name] if name and "." not in name else []
    return {ALLOWED_HOSTS_VARIABLE: ",".join([*_OUR_NAMES, *own])}


def is_free(port: int, address: str = LOOPBACK) -> bool:
    """Whether a server could listen on `port` now; raise `PermissionError` when we may not even ask."""
    with closing(socket.socket()) as probe:
        # As servers do: connections of the last server that linger on are no obstacle, a listener is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True
