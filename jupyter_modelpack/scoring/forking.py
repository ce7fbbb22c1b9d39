"""What has to be put right between init() and the fork that copies its result."""

import ctypes
import gc
import os
import select
import signal
import sys
import threading
from pathlib import Path

_PAUSE_HARD = 2
_PROBE_SECONDS = 1.0


def settle() -> None:
    """Make the process fit to be forked, and its memory to be shared.

    GNU OpenMP keeps a pool of threads after the first parallel region, which a warm-up call in init() is; a
    forked child inherits the pool without its threads and waits for them for ever. The pool is given back here,
    and comes again with the next call. Those before GCC 9 cannot: see `obstacle`.
    """
    for library in _openmp():
        if hasattr(library, "omp_pause_resource_all"):
            library.omp_pause_resource_all(_PAUSE_HARD)
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
    # Of GCC 4.8, in the wheels of scikit-learn up to 1.7 and of XGBoost up to 2.
    if any(not hasattr(library, "omp_pause_resource_all") and _hangs(library) for library in _openmp()):
        return "a pool of OpenMP threads that its old libgomp cannot give back"
    return None


def _hangs(library: ctypes.CDLL) -> bool:
    """Tell whether a parallel region would wait for ever in a forked child: by trying, for nothing else knows."""
    free = ctypes.cast(ctypes.CDLL(None).free, ctypes.c_void_p)  # does nothing, given NULL
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            library.GOMP_parallel(free, None, 2, 0)
        finally:
            os._exit(0)
    os.close(write_end)
    ended = bool(select.select([read_end], [], [], _PROBE_SECONDS)[0])
    os.close(read_end)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return not ended


def reseed() -> None:
    """Give a worker random numbers of its own; `random` does this for itself, numpy's old generator does not."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _openmp() -> list[ctypes.CDLL]:
    """Give every libgomp that is loaded: packages bring their own."""
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return []
    names = {line.split(maxsplit=5)[5] for line in maps.splitlines() if "/libgomp" in line}
    return [ctypes.CDLL(name) for name in sorted(names)]
