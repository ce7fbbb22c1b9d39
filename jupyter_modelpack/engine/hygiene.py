"""How a service's container is shut in (T12 of the threat model)."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.engine.base import IMAGE_PORT, RunSpec
from jupyter_modelpack.engine.ports import EVERYWHERE, LOOPBACK

PROCESSES = 1024
"""Most processes and threads; numpy alone starts one thread a core in every worker."""

TMP_BYTES = 256 << 20
"""Size of /tmp, the only place a service may write to; it is memory."""


def host_config(spec: RunSpec) -> dict[str, Any]:
    """Return the arguments of the SDK's ``create_host_config``.

    Not ``--rm``: the log and exit code of a service that died are what explains its death.
    """
    address = EVERYWHERE if spec.public else LOOPBACK
    return {
        "read_only": True,
        "tmpfs": {"/tmp": f"rw,noexec,nosuid,nodev,size={TMP_BYTES}"},  # noqa: S108 - inside the container
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": PROCESSES,
        "init": True,  # reaps zombies; hands SIGTERM on to servers that do not expect to be process 1
        "mem_limit": spec.memory,
        "memswap_limit": spec.memory,  # else the engine adds as much swap again
        "port_bindings": {IMAGE_PORT: (address, spec.port) if spec.port else (address,)},
    }
