"""Compile modules for the image, so that containers start as fast as with pip."""

from __future__ import annotations

import contextlib
import marshal
import os
import queue
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.events import Reporter

_SCRIPT = Path(__file__).with_name("compile_wheel.py")
_SKIPPED = {"tests", "test"}
"""Folders whose modules no service imports; they are a third of scikit-learn's modules."""

_BATCH = 150_000
"""Bytes of source compiled between two checks for a cancel: about a tenth of a second."""

_LENGTH = 8

_MINOR = re.compile(r"\d+\.\d+")


def find_compiler(python: str) -> str | None:
    """Return an interpreter of that minor version on this machine, or None.

    The magic number of bytecode is the same for all releases of one minor version of CPython.
    """
    if sys.implementation.name == "cpython" and python == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return sys.executable
    # It may come from an image's label: a path would run any program.
    found = shutil.which(f"python{python}") if _MINOR.fullmatch(python) else None
    if found and subprocess.run([found, "-c", "pass"], check=False, capture_output=True).returncode == 0:
        return found
    return None


def bytecode_path(relative: str, target: BuildTarget) -> str:
    """Return the path of a module's bytecode."""
    folder, slash, name = relative.rpartition("/")
    return f"{folder}{slash}__pycache__/{name[:-3]}.cpython-{target.python.replace('.', '')}.pyc"


class Compilers:
    """Compiling interpreters of the image's minor version, one per core; a context manager.

    Args:
        target: The image's Python; without a compiler for it nothing is compiled.
        report: Asked for cancel.
    """

    def __init__(self, target: BuildTarget, report: Reporter) -> None:
        self._target, self._report = target, report
        self._started: list[subprocess.Popen[bytes]] = []
        self._free: queue.SimpleQueue[subprocess.Popen[bytes] | None] = queue.SimpleQueue()
        """Those that nothing is asked of; None in place of one that failed."""
        self._most = max(1, min(os.cpu_count() or 1, 8))
        self._pool = ThreadPoolExecutor(self._most, "modelpack-compile")

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:  # the system starts no more of them
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self) -> None:
        if not self._target.compiler:
            return
        # Like -I, but with fixed hashes of strings, which order the constants of a set before 3.11.
        argv = [self._target.compiler, "-s", "-S", "-X", "utf8", str(_SCRIPT)]
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        env |= {"PYTHONHASHSEED": "0", "PYTHONSAFEPATH": "1"}
        for _ in range(self._most):
            process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=env,
            )
            self._started.append(process)
            self._free.put(process)

    def _end(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in self._started:
            process.kill()
        self._pool.shutdown()
        for process in self._started:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(BrokenPipeError):  # what it was not sent any more
                    if pipe is not None:
                        pipe.close()

    def compile(self, modules: Iterable[tuple[str, bytes]], folder: str | None = None) -> dict[str, bytes]:
        """Return bytecode by its path for modules by theirs; safe to call from any number of threads.

        Args:
            modules: Path and source; paths are relative to `folder`.
            folder: Relative to the root of the image; by default site-packages.
        """
        if not self._started:
            return {}
        batches = list(_batches((path, source) for path, source in modules if _serves(path)))
        found: dict[str, bytes] = {}
        below = folder or self._target.site_packages
        for batch, done in zip(batches, self._pool.map(partial(self._compile, below), batches), strict=True):
            for (path, _), data in zip(batch, done, strict=True):
                if data is not None:
                    found[bytecode_path(path, self._target)] = data
        return found

    def _compile(self, folder: str, batch: list[tuple[str, bytes]]) -> list[bytes | None]:
        self._report.check()
        data = marshal.dumps([(f"/{folder}/{path}", source) for path, source in batch], 2)
        process = self._free.get()
        whole = False
        try:
            if process is None:
                raise BrokenPipeError
            assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
            process.stdin.write(len(data).to_bytes(_LENGTH, "little") + data)
            process.stdin.flush()
            size = int.from_bytes(process.stdout.read(_LENGTH), "little")
            answer = process.stdout.read(size)
            if not size or len(answer) < size:
                raise BrokenPipeError
            whole = True
            return list(marshal.loads(answer))  # noqa: S302 - our own program's answer
        except BrokenPipeError as error:
            raise BuildFailed(
                "Compiling to bytecode failed: the interpreter that compiles has ended.",
                hint="Is there too little memory? Look with `dmesg`, then run it again.",
                step="Compiling to bytecode",
            ) from error
        finally:
            self._free.put(process if whole else None)  # the rest of an answer is not the next one


def _batches(modules: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    batch: list[tuple[str, bytes]] = []
    size = 0
    for path, source in modules:
        batch.append((path, source))
        size += len(source)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _serves(relative: str) -> bool:
    return relative.endswith(".py") and _SKIPPED.isdisjoint(relative.split("/")[:-1])
