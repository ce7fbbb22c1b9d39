"""How a service's container is isolated (threat-model.md T12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.engine.base import RunSpec
from jupyter_modelpack.engine.ports import EVERYWHERE, LOOPBACK
from jupyter_modelpack.image_contract import IMAGE_PORT

PROCESSES = 1024
"""Most processes and threads; numpy alone starts one thread a core in every worker."""

TMP_BYTES = 256 << 20
"""Size of /tmp, the only place a service may write to; it is memory."""


SACRIFICE = 500
"""By how much sooner a service is ended than what else runs, where memory runs out (``--oom-score-adj``).

There is no limit of memory by default: what a model needs nobody but its user knows, and a guess would end services
that work. But where a machine is short of memory, it is the service that should go, not the notebook.
"""

LOG_DRIVERS = {"json-file", "local"}
"""Docker's drivers that write files; they keep everything by default. Other drivers have bounds of their own."""

LOG_OPTIONS = {"max-size": "10m", "max-file": "3"}


def host_config(spec: RunSpec, log_options: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of the SDK's ``create_host_config``.

    Not ``--rm``: the log and exit code of a service that died are what explains its death.
    """
    address = EVERYWHERE if spec.public else LOOPBACK
    bounds = spec.bounds
    return {
        "read_only": True,
        "tmpfs": {"/tmp": f"rw,noexec,nosuid,nodev,size={TMP_BYTES}"},  # noqa: S108 - inside the container
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": PROCESSES,
        "init": True,  # reaps zombies; hands SIGTERM on to servers that do not expect to be process 1
        "oom_score_adj": SACRIFICE,
        "mem_limit": bounds.memory,
        "memswap_limit": bounds.memory,  # else the engine adds as much swap again
        "nano_cpus": round(bounds.cpus * 1e9) if bounds.cpus else None,
        "device_requests": [_gpus(bounds.gpus)] if bounds.gpus else None,
        "log_config": {"type": "", "config": dict(log_options)} if log_options else None,
        "port_bindings": {IMAGE_PORT: (address, spec.port) if spec.port else (address,)},
    }


def _gpus(gpus: int | tuple[str, ...]) -> dict[str, Any]:
    chosen: dict[str, Any] = {"Count": gpus} if isinstance(gpus, int) else {"DeviceIDs": list(gpus)}
    return {"Driver": "", **chosen, "Capabilities": [["gpu"]], "Options": {}}
