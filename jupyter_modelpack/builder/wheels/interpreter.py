"""Find a Python of the image's minor version on this machine, or have uv fetch one.

uv's own settings hold: ``UV_PYTHON_DOWNLOADS=never`` and ``UV_OFFLINE`` keep it from fetching,
``UV_PYTHON_INSTALL_MIRROR`` says from where.
"""

from __future__ import annotations

import contextlib
import json
from functools import cache
from pathlib import Path

from jupyter_modelpack.builder.lock.pylock import uv_environment, uv_program
from jupyter_modelpack.builder.run_tool import run_tool
from jupyter_modelpack.builder.wheels.bytecode import find_compiler
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.events import Reporter

_refused: set[str] = set()
"""Versions that uv could not fetch in this process, so that not each build waits for the network."""


def find_interpreter(python: str) -> str | None:
    """Return an interpreter of that minor version that is on this machine, or None."""
    return find_compiler(python) or _known_to_uv(python)


def need_interpreter(python: str, report: Reporter) -> str | None:
    """Return an interpreter of that minor version, fetched if there is none; None where that cannot be."""
    found = find_interpreter(python)
    if found or python in _refused or not _is_minor(python):
        return found
    report.log(f"Fetching Python {python}, which this machine lacks, to compile for the image")
    try:
        argv = [uv_program(), "python", "install", "--quiet", "--no-bin", f"cpython-{python}"]
        run_tool(argv, report, step=f"Fetching Python {python}", env=uv_environment())
    except BuildFailed:
        _refused.add(python)
        return None
    _known_to_uv.cache_clear()
    return _known_to_uv(python)


@cache
def _known_to_uv(python: str) -> str | None:
    if not _is_minor(python):
        return None
    argv = [uv_program(), "python", "list", "--only-installed", "--output-format", "json", f"cpython-{python}"]
    with contextlib.suppress(BuildFailed, ValueError, KeyError, TypeError):
        for entry in json.loads(run_tool(argv, Reporter(lambda _event: None), step="uv", env=uv_environment())):
            if entry["implementation"] == "cpython" and entry["variant"] == "default" and Path(entry["path"]).is_file():
                return str(entry["path"])
    return None


def _is_minor(python: str) -> bool:
    """Whether it is a version and nothing else: it may be an image's own word."""
    return all(part.isascii() and part.isdecimal() for part in python.split(".", 1)) and "." in python
