"""What has to be put right between init() and the fork that copies its result."""

import ctypes
import gc
import sys
import threading
from pathlib import Path

_PAUSE_HARD = 2


def settle() -> None:
    """Make the process fit to be forked, and its memory to be shared.

    GNU OpenMP keeps a pool of threads after the first parallel region, which a warm-up call in init() is; a
    forked child inherits the pool without its threads and waits for them for ever. The pool is given back here,
    and comes again with the next call.
    """
    for library in _loaded("libgomp"):
        pause = getattr(ctypes.CDLL(library), "omp_pause_resource_all", None)  # since GCC 9
        if pause is not None:
            pause(_PAUSE_HARD)
    gc.collect()
    gc.freeze()  # or the first collection in every worker would copy the pages it shares with us


def obstacle() -> str | None:
    """Name what init() has started that no fork can copy; then every worker has to load for itself."""
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if threads:
        return f"threads ({', '.join(threads[:3])})"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return "a CUDA context"
    return None


def reseed() -> None:
    """Give a worker random numbers of its own; `random` does this for itself, numpy's old generator does not."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _loaded(name: str) -> list[str]:
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return []
    return sorted({line.split(maxsplit=5)[5] for line in maps.splitlines() if f"/{name}" in line})
