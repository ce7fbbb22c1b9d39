"""`GET /metrics`: what all workers have done, in the text format of Prometheus.

Every worker counts in a row of its own of memory that all of them share: no locks, nothing to send, and the row
outlives the worker, so that counters never go back while the service lives.
"""

import mmap
import os
from bisect import bisect_left
from pathlib import Path

from ..messages import Request, Response

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_STATUSES = (200, 201, 204, 400, 401, 403, 404, 405, 408, 413, 415, 431, 499, 500, 503)
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PLACES = {status: place for place, status in enumerate(_STATUSES)}
_OTHER = len(_STATUSES)
_BUCKETS = _OTHER + 1
_SECONDS = _BUCKETS + len(_BOUNDS) + 1
_FAILED, _WAITING, _DROPPED, _BATCHED, _LOADED, _PID = range(_SECONDS + 1, _SECONDS + 7)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
_BATCHES = _PID + 1
_ROW = _BATCHES + len(_SIZES) + 1
_RUN_FAILED = (b"x-ms-run-function-failed", b"True")


class Counters:
    """One worker's row. Each cell is written by one thread of one process only, at a time."""

    def __init__(self, cells: "memoryview[float]") -> None:
        self._cells = cells

    def begin(self, load_seconds: float) -> None:
        """Take the row over from a worker before, if there was one."""
        self._cells[_WAITING] = 0.0
        self._cells[_LOADED] = load_seconds
        self._cells[_PID] = float(os.getpid())

    def end(self) -> None:
        """Say that the worker is no more; called by the supervisor. What it has counted stays."""
        self._cells[_WAITING] = self._cells[_PID] = 0.0

    def submitted(self) -> None:
        """Count a call that waits or runs."""
        self._cells[_WAITING] += 1.0

    def returned(self) -> None:
        """Count a call that has ended, one way or the other."""
        self._cells[_WAITING] -= 1.0

    def dropped(self) -> None:
        """Count a call that was to be collected while the queue was full."""
        self._cells[_DROPPED] += 1.0

    def answered(self, request: Request, response: Response, seconds: float) -> None:
        """Count an answer; how long it took only where the script was asked."""
        cells = self._cells
        cells[_PLACES.get(response.status, _OTHER)] += 1.0
        if request.path.startswith("/score") or request.tensors:
            cells[_BUCKETS + bisect_left(_BOUNDS, seconds)] += 1.0
            cells[_SECONDS] += seconds
            if _RUN_FAILED in response.headers:
                cells[_FAILED] += 1.0

    def batch(self, size: int) -> None:
        """Count a call of run_batch()."""
        self._cells[_BATCHES + bisect_left(_SIZES, size)] += 1.0
        self._cells[_BATCHED] += float(size)


class Metrics:
    """The rows of all workers of one supervisor."""

    def __init__(self, workers: int) -> None:
        self._memory = memoryview(mmap.mmap(-1, workers * _ROW * 8)).cast("d")
        self._rows = [self._memory[row * _ROW : (row + 1) * _ROW] for row in range(workers)]

    def counters(self, worker: int) -> Counters:
        """Return the row of one worker."""
        return Counters(self._rows[worker])

    def text(self) -> bytes:
        """Write everything down."""

        def total(place: int) -> float:
            return sum(row[place] for row in self._rows)

        def histogram(name: str, first: int, bounds: tuple[float, ...], summed: float) -> None:
            lines.append(f"# TYPE modelpack_{name} histogram")
            count = 0.0
            for place, bound in enumerate((*map(str, bounds), "+Inf")):
                count += total(first + place)
                lines.append(f'modelpack_{name}_bucket{{le="{bound}"}} {count:.0f}')
            lines.extend([f"modelpack_{name}_sum {summed:.10g}", f"modelpack_{name}_count {count:.0f}"])

        lines = ["# TYPE modelpack_requests_total counter"]
        for place, status in enumerate((*_STATUSES, "other")):
            if total(place) or status == 200:
                lines.append(f'modelpack_requests_total{{status="{status}"}} {total(place):.0f}')
        histogram("score_seconds", _BUCKETS, _BOUNDS, total(_SECONDS))
        histogram("batch_size", _BATCHES, _SIZES, total(_BATCHED))
        for name, kind, value in (
            ("run_failures_total", "counter", total(_FAILED)),
            ("calls_waiting", "gauge", total(_WAITING)),
            ("collect_dropped_total", "counter", total(_DROPPED)),
            ("load_seconds", "gauge", max(row[_LOADED] for row in self._rows)),
            ("workers", "gauge", sum(1 for row in self._rows if row[_PID])),
        ):
            lines += [f"# TYPE modelpack_{name} {kind}", f"modelpack_{name} {value:.10g}"]
        lines.append("# TYPE modelpack_worker_resident_bytes gauge")
        for worker, row in enumerate(self._rows):
            if row[_PID]:
                lines.append(f'modelpack_worker_resident_bytes{{worker="{worker}"}} {_resident(int(row[_PID]))}')
        return ("\n".join(lines) + "\n").encode()


def _resident(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * mmap.PAGESIZE
