"""ResourceConfiguration: what a model says it needs to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.errors import UsageError


@dataclass
class ResourceConfiguration:
    """What a model needs to run, as metadata (azure-differences.md 3.3).

    Args:
        cpu: CPU cores, above 0; None where it does not matter.
        memory_in_gb: Memory in GB, above 0; None where it does not matter.
        gpu: Number of GPUs, above 0; None where it does not matter.

    Raises:
        UsageError: one of them is 0 or less.
    """

    cpu: float | None = None
    memory_in_gb: float | None = None
    gpu: int | None = None

    def __post_init__(self) -> None:
        for name, value in self.serialize().items():
            if value is not None and not value > 0:
                raise UsageError(f"Error, {name} in a ResourceConfiguration must be greater than 0, not {value}.")

    def serialize(self) -> dict[str, Any]:
        """Return it as JSON, in Azure's words."""
        return {"cpu": self.cpu, "memoryInGB": self.memory_in_gb, "gpu": self.gpu}

    @classmethod
    def deserialize(cls, payload: dict[str, Any] | None) -> ResourceConfiguration | None:
        """Return the configuration that `serialize` described.

        Args:
            payload: What `serialize` returned, or None.

        Returns:
            The configuration; None where `payload` is None.

        Raises:
            UsageError: one of the numbers is 0 or less.
        """
        if payload is None:
            return None
        return cls(payload.get("cpu"), payload.get("memoryInGB"), payload.get("gpu"))
