"""What must not lose anything: kills, power cuts, full disks, many writers, flipped bits.

Faults (`F1`) are numbered in docs/explanation/promises.md, threats (`T1`) in threat-model.md beside it.
`make test` runs each in a form that takes seconds; `make soak` in the long one. Both print a scoreboard.
``MODELPACK_SOAK=0.2`` is a fifth of the long form.
"""

import os

SOAK = float(os.environ.get("MODELPACK_SOAK") or 0)


def times(short: int, long: int) -> int:
    """How often to do something."""
    return max(short, int(long * SOAK))
