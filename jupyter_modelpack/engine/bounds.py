"""What a service may use of the machine, read as ``docker run`` reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from jupyter_modelpack.errors import UsageError

T = TypeVar("T")

_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?([kmgt]?)i?b?", re.IGNORECASE | re.ASCII)
_UNITS = {unit: 1024**power for power, unit in enumerate(("", "k", "m", "g", "t"))}

LEAST_MEMORY = 6 << 20
"""Bytes below which Docker starts nothing."""

MOST = 1 << 60
"""Bytes that no machine has: engines keep the number in 64 bits."""

ALL_GPUS = -1


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of one service; None is no limit, or no GPU.

    Attributes:
        memory: Bytes, swap included.
        cpus: How many processors' time, in parts of one too.
        gpus: How many GPUs, -1 for all, or which.
        given: The options as they were typed.
    """

    memory: int | None = None
    cpus: float | None = None
    gpus: int | tuple[str, ...] | None = None
    given: tuple[str, ...] = ()

    @classmethod
    def read(cls, memory: str | None, cpus: str | None, gpus: str | None) -> Bounds:
        """Read the options as they were typed; raise `UsageError`."""
        options = {"--memory": memory, "--cpus": cpus, "--gpus": gpus}
        given = tuple(f"{name} {value}" for name, value in options.items() if value is not None)
        return cls(_read(memory, _memory), _read(cpus, _cpus), _read(gpus, _gpus), given)

    def check(self, engine: str) -> None:
        """Raise `UsageError` where `engine` cannot do that: a limit that does not hold is worse than none.

        A local process could be bounded by a control group, which only root or a session of systemd may make, or by
        rlimits, which count addresses and not memory, each process by itself: neither is what the options say.
        """
        if self.given and engine == "process":
            raise UsageError(
                f"The process engine cannot bound a service: {self.given[0]} needs a container engine.",
                hint="Leave it out, or name an engine that is there: --engine docker.",
                code="no-bounds",
            )
        if self.gpus is not None and engine == "podman":
            raise UsageError(
                "Podman takes no GPUs through the API that it shares with Docker.",
                hint="Leave --gpus out here, and start the image by hand: podman run --device nvidia.com/gpu=all.",
                code="no-bounds",
            )


NO_BOUNDS = Bounds()


def _read(text: str | None, read: Callable[[str], T]) -> T | None:
    return None if text is None else read(text)


def _memory(text: str) -> int:
    found = _SIZE.fullmatch(text)
    count = int(float(found.group(1)) * _UNITS[found.group(2).lower()]) if found else 0
    if not LEAST_MEMORY <= count <= MOST:
        raise UsageError(
            f"--memory: {text[:40]!r} is no size that a service can be given.",
            hint="Write it as 512m or 2g, for example; 6m is the least.",
            code="bad-value",
        )
    return count


def _cpus(text: str) -> float:
    count = float(text) if re.fullmatch(r"\d{1,5}(\.\d{1,6})?|\.\d{1,6}", text, re.ASCII) else 0.0
    if count < 0.01:
        raise UsageError(
            f"--cpus: {text[:40]!r} is no number of processors.",
            hint="Write it as 2 or 0.5, for example; 0.01 is the least.",
            code="bad-value",
        )
    return count


def _gpus(text: str) -> int | tuple[str, ...]:
    if text == "all":
        return ALL_GPUS
    if re.fullmatch(r"[1-9]\d{0,3}", text, re.ASCII):
        return int(text)
    name, _, devices = text.strip("\"'").partition("=")
    if name == "device" and re.fullmatch(r"[\w-]+(,[\w-]+)*", devices, re.ASCII):
        return tuple(devices.split(","))
    raise UsageError(
        f"--gpus: {text[:40]!r} names no GPUs.", hint="Write all, a number, or device=0,1.", code="bad-value"
    )
