"""Settings that the entry script makes itself, by plain constants: `MODELPACK_THREADS = 8`.

Read, not run: whether a script wants to be loaded before the fork must be known before it is loaded.
"""

import ast
from pathlib import Path

NAMES = frozenset({"WORKER_PRELOAD", "MODELPACK_THREADS", "MODELPACK_BATCH_SIZE", "MODELPACK_BATCH_DELAY_MS"})
"""How run() can be called is what a script knows best; the environment still has the last word."""


def said_by(script: Path) -> dict[str, str]:
    """Return the constants of these names; none of a script that cannot be read, which its start will explain."""
    try:
        tree = ast.parse(script.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, str] = {}
    for line in tree.body:
        targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
        value = getattr(line, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and target.id in NAMES and isinstance(value, ast.Constant):
                found[target.id] = str(value.value)
    return found
