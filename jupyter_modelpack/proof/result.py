"""What a proof comes to, as it is kept and shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_modelpack.proof.compare import TOLERANCE, Comparison

State = Literal["proven", "different", "unproven"]


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """Whether a package answers its sample as the notebook does.

    Attributes:
        state: ``proven``; ``different``, where the package answers something else; or ``unproven``.
        rows: How many rows were compared.
        equal: How many of them were equal.
        largest: The largest difference between two numbers; None where one is no finite number.
        tolerance: How far two numbers could be apart, absolutely and by their size.
        engine: What ran the package: ``docker``, ``podman`` or ``process``.
        reason: The first difference, or why nothing was compared, without a full stop.
        remedy: What to do where nothing was compared, without a full stop.
    """

    state: State
    rows: int = 0
    equal: int = 0
    largest: float | None = 0.0
    tolerance: float = TOLERANCE
    engine: str = ""
    reason: str = ""
    remedy: str = ""

    @classmethod
    def of(cls, found: Comparison, tolerance: float, engine: str) -> Proof:
        """Return what a comparison proves."""
        largest = found.largest if math.isfinite(found.largest) else None
        state: State = "different" if found.difference else "proven"
        return cls(state, found.rows, found.equal, largest, tolerance, engine, found.difference)

    @property
    def counts(self) -> str:
        """The counts in words: ``5 of 5 equal, largest difference 0``."""
        apart = "no finite number" if self.largest is None else f"{self.largest:.3g}"
        return f"{self.equal} of {self.rows} equal, largest difference {apart}"

    @property
    def words(self) -> str:
        """All of it in a line."""
        if self.state == "proven":
            return f"proven: {self.counts}"
        if self.state == "different":
            return f"not proven: {self.counts}; {self.reason}"
        return f"not proven: {self.reason}"

    def to_json(self) -> dict[str, Any]:
        """Return what is kept."""
        return {name: getattr(self, name) for name in _KEPT}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Proof:
        """Read what `to_json` returned."""
        return cls(**{name: fields[name] for name in _KEPT})

    def __repr__(self) -> str:
        return f"Proof({self.words})"


_KEPT = ("state", "rows", "equal", "largest", "tolerance", "engine", "reason")


def unproven(reason: str, remedy: str = "") -> Proof:
    """Return the proof that is none."""
    return Proof("unproven", reason=reason, remedy=remedy)


NO_SAMPLE = unproven("it has no sample", "Package it with --sample X_test[:5]")
