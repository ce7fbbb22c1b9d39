"""Bytecode for the image, so that a container starts as fast as one that pip made."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
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


def cache_tag(target: Target) -> str:
    """Return what stands in the names of ``.pyc`` files; empty when none are made."""
    return f"cpython-{target.python.replace('.', '')}" if target.compiler else ""


def compile_modules(paths: Iterable[tuple[str, str]], target: Target, report: Reporter) -> None:
    """Write ``.pyc`` files beside modules, if there is a compiler for the target.

    Args:
        paths: Of each module, relative to site-packages; and where it lies.
        target: The image's Python.
        report: Asked for cancel.
    """
    lines = [f"{path}\t/{target.site_packages}/{relative}\n" for relative, path in paths if _serves(relative)]
    if target.compiler and lines:
        argv = [target.compiler, "-I", "-S", "-X", "utf8", str(_SCRIPT)]
        run_tool(argv, report, step="Compiling to bytecode", text="".join(lines))


def _serves(relative: str) -> bool:
    folders = relative.split("/")[:-1]
    return relative.endswith(".py") and _SKIPPED.isdisjoint(folders) and not {"\t", "\n"} & set(relative)
