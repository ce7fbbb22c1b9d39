"""What must not lose anything: kills, power cuts, full disks, many writers, flipped bits.

Fault and threat numbers (F1, T1) are those of the project's threat model. `make test` runs each in a form
that takes seconds; ``MODELPACK_SOAK=1`` (`make soak`) in the long one, with a scoreboard at the end.
"""

import os

SOAK = bool(os.environ.get("MODELPACK_SOAK"))


def times(short: int, long: int) -> int:
    """How often to do something."""
    return long if SOAK else short
