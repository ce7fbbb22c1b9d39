"""The file that a module's name means in a Python, found as an import would, without importing anything.

The text of this file is also run by other Pythons (`interpreter.py`), so it imports the standard library alone.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path


def file_of(module: str) -> Path | None:
    """Return the file that importing `module` would load, or as much of its dotted name as there is.

    A name may go on within a module (``from numpy import array`` is read as ``numpy.array``): then the module's own
    file is returned. None where there is no such module, and for what comes with Python.

    Args:
        module: A dotted name.

    """
    top, *rest = module.split(".")
    if top in sys.stdlib_module_names or top == "__main__":
        return None
    spec = _find(top)
    file = _file(spec)
    for part in rest:
        if spec is None or not spec.submodule_search_locations:
            break
        # By its last part: the path of a namespace below another is asked of the parent, which nobody imports.
        spec = PathFinder.find_spec(part, list(spec.submodule_search_locations))
        file = _file(spec) or file
    return file


def _find(top: str) -> ModuleSpec | None:
    for finder in sys.meta_path:  # a finder of an editable install may be among them
        found = finder.find_spec(top, None, None)
        if found is not None:
            return found
    return None


def _file(spec: ModuleSpec | None) -> Path | None:
    return Path(spec.origin) if spec and spec.has_location and spec.origin else None
