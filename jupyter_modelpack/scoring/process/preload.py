"""Import the script's packages before it is loaded, so that a reload need not."""

import ast
import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterable

from ..settings import Settings


def of_script(settings: Settings) -> None:
    """Import what the entry script imports from installed packages; one that fails is reported by the script itself."""
    with contextlib.suppress(OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        tree = ast.parse(settings.entry_path.read_bytes())
        names = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.append(node.module)
        of_names(name for name in names if _installed(name.partition(".")[0]))


def of_names(names: Iterable[str]) -> None:
    """Import modules by name."""
    for name in names:
        if name and name not in sys.modules:
            # A package may raise anything at all; the script will meet the same and report it.
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def installed() -> list[str]:
    """Return the names of the loaded modules that are no part of the script."""
    return [name for name, module in list(sys.modules.items()) if _lies_in_environment(getattr(module, "__file__", ""))]


def _installed(name: str) -> bool:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and _lies_in_environment(spec.origin)


def _lies_in_environment(path: str | None) -> bool:
    return bool(path) and str(path).startswith((sys.prefix + "/", sys.base_prefix + "/"))
