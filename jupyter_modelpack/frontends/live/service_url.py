"""From where a service's URL reaches it: kernel and browser need not be on one computer."""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Mapping
from typing import Any

PROXY = "jupyter_server_proxy"
"""Passes on what comes to Jupyter at ``proxy/PORT``, so that a service is reached through it."""


def place(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return where the kernel runs, as far as it can know; the page knows where the browser looks.

    Returns:
        ``kind``: ``hub``, ``ssh`` or ``plain``; ``host``: the name of the kernel's computer; ``proxy``: the
        path below which a proxy of Jupyter reaches ports, empty where there is none.

    """
    prefix = environ.get("JUPYTERHUB_SERVICE_PREFIX", "")
    proxied = prefix and importlib.util.find_spec(PROXY) is not None
    return {
        "kind": "hub" if prefix else "ssh" if environ.get("SSH_CONNECTION") else "plain",
        "host": socket.gethostname(),
        "proxy": f"{prefix.rstrip('/')}/proxy/" if proxied else "",
    }
