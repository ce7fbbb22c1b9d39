"""Bytecode for the image, so that a container starts as fast as one that pip made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jupyter_modelpack.build.target import Target
from jupyter_modelpack.build.tools import run_tool
from jupyter_modelpack.events import Reporter

_SCRIPT = Path(__file__).with_name("compile_wheel.py")
_SKIPPED = {"tests", "test"}
"""Folders whose modules no service imports; they are a third of scikit-learn's modules."""


def find_compiler(python: str) -> str | None:
    """Return an interpreter of that minor version on this machine, or None.

    The magic number of bytecode is the same for all releases of one minor version of CPython.
    """
    if sys.implementation.name == "cpython" and python == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return sys.executable
    found = shutil.which(f"python{python}")
    if found and subprocess.run([found, "-c", "pass"], check=False, capture_output=True).returncode == 0:
        return found
    return None


def compile_tree(tree: Path, target: Target, report: Reporter) -> str:
    """Write ``.pyc`` files beside the modules under `tree`, on all cores; return their cache tag."""
    compiler = target.compiler or sys.executable
    report.log("Compiling to bytecode")
    tag = run_tool(
        [compiler, "-I", "-c", "import sys; print(sys.implementation.cache_tag, end='')"],
        report,
        step="Asking Python for its cache tag",
    )
    lines = [f"{path}\t/{target.site_packages}/{relative}\n" for relative, path in _modules(tree)]
    workers = max(1, min(os.cpu_count() or 1, 8))

    def run(chunk: list[str]) -> None:
        argv = [compiler, "-I", "-X", "utf8", str(_SCRIPT)]
        run_tool(argv, report, step="Compiling to bytecode", text="".join(chunk))

    with ThreadPoolExecutor(max_workers=workers) as pool:
        list(pool.map(run, [lines[n::workers] for n in range(workers)]))
    return tag


def _modules(tree: Path) -> Iterator[tuple[str, str]]:
    for root, folders, files in os.walk(tree):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(files):
            path = f"{root}/{name}"
            if name.endswith(".py") and "\t" not in path and "\n" not in path:
                yield path[len(str(tree)) + 1 :], path
