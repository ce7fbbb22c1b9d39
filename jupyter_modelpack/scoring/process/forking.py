"""Prepare a process between init() and the fork of workers."""

import contextlib
import ctypes
import gc
import os
import select
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import NoReturn

from . import native_threads

_PAUSE_HARD = 2
_PROBE_SECONDS = 1.0
_ACCELERATORS = ("/dev/nvidia", "/dev/kfd")


def prepare() -> None:
    """Prepare the process to be forked: end thread pools, and keep the collector from copying shared pages."""
    _give_back_pools()
    gc.collect()
    gc.freeze()  # or the first collection in every worker would copy the pages it shares with us


def obstacle() -> str:
    """Name what this process has started that no fork can copy; empty where there is nothing.

    Threads whose library ends them before a fork and starts them again after it do not count: those of
    OpenBLAS are such, and run as soon as numpy is imported.
    """
    _give_back_pools()
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if threads:
        return f"threads ({', '.join(threads[:3])})"
    if _holds_accelerator():
        return "a CUDA context"
    # Of GCC 4.8, in the wheels of scikit-learn up to 1.7 and of XGBoost up to 2.
    if any(not hasattr(library, "omp_pause_resource_all") and _hangs(library) for library in _openmp()):
        return "a pool of OpenMP threads that its old libgomp cannot give back"
    # Its pool on GNU OpenMP can be given back, but it ends any other process that uses it.
    if getattr(sys.modules.get("numba.np.ufunc.parallel"), "_is_initialized", False):
        return "the pool of numba's parallel=True"
    return native_threads.left_behind()


def cost(workers: int) -> str:
    """Describe the cost of `workers` processes that share no memory."""
    held = 0
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
        held = int(next(line for line in lines if line.startswith("Anonymous:")).split()[1]) // 1024
    if workers < 2 or not held:
        return "With one worker that costs no memory." if workers < 2 else "Their memory is not shared."
    return f"Their memory is not shared: {workers} workers take about {held * (workers - 1)} MB more."


def start_over(listener: socket.socket, **variables: str) -> NoReturn:
    """Replace this process by a fresh run of this program, on the same listening socket, with `variables` set."""
    listener.set_inheritable(True)
    os.environ.update({**variables, "MODELPACK_LISTEN_FD": str(listener.fileno())})
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  it is this very program


def _give_back_pools() -> None:
    """End the threads of GNU OpenMP; its next parallel region starts them again.

    It keeps a pool after the first one, which a warm-up call in init() is; a forked child inherits the pool without
    its threads and waits for them for ever. Those before GCC 9 cannot give it back: see `obstacle`.
    """
    for library in _openmp():
        if hasattr(library, "omp_pause_resource_all"):
            library.omp_pause_resource_all(_PAUSE_HARD)


def _holds_accelerator() -> bool:
    """Return whether the device of an accelerator's driver is open: a forked child cannot use its parent's context."""
    with contextlib.suppress(OSError):
        for descriptor in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                if str(descriptor.readlink()).startswith(_ACCELERATORS):
                    return True
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    asked = getattr(cuda, "is_initialized", None)  # a module of the user's may be called torch, too
    return bool(asked and asked())


def _hangs(library: ctypes.CDLL) -> bool:
    """Return whether a parallel region would hang in a forked child, by trying it."""
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
    """Give a worker random numbers of its own: `random` reseeds itself after a fork, numpy's old generator does not."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _openmp() -> list[ctypes.CDLL]:
    """Return every libgomp that is loaded: packages bring their own."""
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return []
    names = {line.split(maxsplit=5)[5] for line in maps.splitlines() if "/libgomp" in line}
    return [ctypes.CDLL(name) for name in sorted(names)]
