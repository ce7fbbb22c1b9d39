"""Find threads of native libraries that would be missing in a forked child."""

import contextlib
import ctypes
import os
import struct
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_SURVIVORS = ("libarrow", "libparquet", "_catboost.", "_duckdb.", "duckdb.")
"""Libraries that keep their threads over a fork and yet work in the child: it makes new ones, or does without.

Tried, each with a pool at work before the fork: the same results in the child (tests/frameworks).
"""

_SYSTEM = ("libc.", "libc-", "libpthread", "ld-", "ld.", "libstdc++", "libm.", "libgcc_s", "linux-", "[vdso]")
"""Libraries on the stack of every thread, which own none."""

_STACK_BYTES = 64 * 1024
_PATIENCE_SECONDS = 0.2
_PAUSE_SECONDS = 0.01


class _Mapping(NamedTuple):
    start: int
    end: int
    code: bool
    path: str


def left_behind() -> str:
    """Name native threads that a forked child would lack for good, with their libraries; "" when there are none.

    A library that gives its threads back before a fork, as OpenBLAS does, is found by forking: its handlers run,
    and what is still there after that is what a child would miss. OpenMP's pools must be given back before.
    """
    if not _tasks():
        return ""
    _fork_once()
    # A thread that runs cannot be asked whose it is; most wait again within a moment.
    end = time.monotonic() + _PATIENCE_SECONDS
    while (threads := _owners()) and "" in threads.values() and time.monotonic() < end:
        time.sleep(_PAUSE_SECONDS)
    return _described([(owner, _name(task)) for task, owner in threads.items() if not owner.startswith(_SURVIVORS)])


def _tasks() -> list[int]:
    """Return the threads of this process but the one that asks."""
    try:
        return [int(task.name) for task in Path("/proc/self/task").iterdir() if int(task.name) != os.getpid()]
    except OSError:
        return []  # no Linux: nothing is known of them


def _fork_once() -> None:
    """Run the handlers that libraries have registered with pthread_atfork(), by forking a child that ends at once.

    Not by os.fork(), at which Python's own handlers run: some do nothing but warn.
    """
    pid = ctypes.PyDLL(None).fork()
    if pid == 0:
        os._exit(0)
    if pid < 0:
        return  # no memory or no number left for a child: the next fork says so, and -1 would wait for any child
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _owners() -> dict[int, str]:
    """Give for each thread the file name of the library that has started it; empty where that cannot be told."""
    mappings = list(_mappings())
    return {task: _owner(task, mappings) for task in _tasks()}


def _owner(task: int, mappings: list[_Mapping]) -> str:
    """Find the one library with return addresses on the thread's stack; of several it is none's for sure."""
    try:
        words = Path(f"/proc/self/task/{task}/syscall").read_text(encoding="ascii").split()
        pointer = int(words[-2], 16)  # the last two are the stack pointer and the program counter
        stack = next(mapping for mapping in mappings if mapping.start <= pointer < mapping.end)
        memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            begin = max(pointer, stack.end - _STACK_BYTES) & ~7
            content = os.pread(memory, stack.end - begin, begin)
        finally:
            os.close(memory)
    except (OSError, ValueError, IndexError, StopIteration):
        return ""  # it runs just now, has ended, or the kernel does not tell
    found = [Path(mapping.path).name for mapping in _code_in(content, mappings)]
    names = dict.fromkeys(name for name in found if not name.startswith(_SYSTEM))
    if len(names) > 1 and any(name.startswith(_SURVIVORS) for name in names):
        names = {name: None for name in names if not name.startswith(_SURVIVORS)}
    return next(reversed(names), "")


def _code_in(content: bytes, mappings: list[_Mapping]) -> Iterator[_Mapping]:
    """Return the mappings of code that words of a stack point into, from its newest frame to its oldest."""
    code = [mapping for mapping in mappings if mapping.code]
    for (word,) in struct.iter_unpack("@Q", content[: len(content) // 8 * 8]):
        for mapping in code:
            if mapping.start <= word < mapping.end:
                yield mapping
                break


def _mappings() -> Iterator[_Mapping]:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            limits, mode, *more = line.split(maxsplit=5)
            start, end = (int(number, 16) for number in limits.split("-"))
            path = more[3] if len(more) > 3 else ""
            yield _Mapping(start, end, "x" in mode and path.startswith("/"), path)


def _name(task: int) -> str:
    try:
        return Path(f"/proc/self/task/{task}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _described(threads: Iterable[tuple[str, str]]) -> str:
    """Say `4 native threads of libtensorflow_framework.so.2 (tf_Compute)`, the libraries with most threads first."""
    threads = list(threads)
    said = []
    for owner, count in Counter(owner for owner, _ in threads).most_common(3):
        names = dict.fromkeys(name.rstrip("0123456789-") for whose, name in threads if whose == owner)
        whose = f" of {owner}" if owner else ""
        said.append(f"{count} native thread{'s' if count > 1 else ''}{whose} ({', '.join(list(names)[:3])})")
    return " and ".join(said)
