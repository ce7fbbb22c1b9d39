"""Share between processes which workers have started and which cannot."""

import mmap
import struct

_HEAD = struct.Struct("<BHH")  # whether it is up, how often it has not started in a row, how long the reason is
_SLOT = 512

TRIES = 3
"""Failed starts in a row before they are reported: one may fail for a temporary reason."""


class Roster:
    """One slot a worker in memory that all processes share; only one of them writes to a slot at a time."""

    def __init__(self, workers: int) -> None:
        self._memory = mmap.mmap(-1, workers * _SLOT)
        self._workers = workers

    def starting(self, row: int) -> None:
        """Say that a worker begins to load; what is known of its failures stays."""
        _, failures, length = self._head(row)
        _HEAD.pack_into(self._memory, row * _SLOT, 0, failures, length)

    def up(self, row: int) -> None:
        """Say that a worker serves."""
        _HEAD.pack_into(self._memory, row * _SLOT, 1, 0, 0)

    def is_up(self, row: int) -> bool:
        """Return whether the worker that has the slot, or had it last, has served."""
        return bool(self._head(row)[0])

    def explain(self, row: int, reason: str) -> None:
        """Keep why a worker does not start; called by that worker."""
        content = reason.encode("utf-8", "backslashreplace")[: _SLOT - _HEAD.size]
        begin = row * _SLOT + _HEAD.size
        self._memory[begin : begin + len(content)] = content
        _HEAD.pack_into(self._memory, row * _SLOT, 0, self._head(row)[1], len(content))

    def failed(self, row: int, death: str, *, explained: bool) -> int:
        """Count a failed start, with the worker's own reason or else its `death`; return how many there were."""
        if not explained or not self.reason(row):  # what it said of a try before is not why it died this time
            self.explain(row, death)
        _, failures, length = self._head(row)
        failures = min(failures + 1, 0xFFFF)
        _HEAD.pack_into(self._memory, row * _SLOT, 0, failures, length)
        return failures

    def reason(self, row: int) -> str:
        """Return why the worker last failed to start."""
        begin = row * _SLOT + _HEAD.size
        return self._memory[begin : begin + self._head(row)[2]].decode("utf-8", "replace")

    def troubles(self) -> list[str]:
        """Name the workers that cannot start."""
        found = []
        for row in range(self._workers):
            up, failures, _ = self._head(row)
            if not up and failures >= TRIES:
                found.append(
                    f"worker {row + 1} of {self._workers} cannot start, tried {failures} times: {self.reason(row)}"
                )
        return found

    def _head(self, row: int) -> tuple[int, int, int]:
        up, failures, length = _HEAD.unpack_from(self._memory, row * _SLOT)
        return up, failures, length
