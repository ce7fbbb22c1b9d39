"""Whether a panel would be seen.

A saved notebook that runs where nobody watches (nbclient, papermill, nbval) says so in each request: no
input could be asked for. There, and in a terminal, the text presenter does what it always did.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

ENVIRONMENT = "MODELPACK_WIDGETS"
_OFF = {"0", "false", "no", "off"}
_NEEDED = ("anywidget", "ipywidgets")


def panels(shell: Any) -> bool:
    """Whether to show panels in the cell that runs now; `MODELPACK_WIDGETS` decides where it is set.

    Args:
        shell: The interactive shell, or None outside of one.

    """
    return _wanted(shell) and not _missing()


def hint(shell: Any) -> str:
    """Return one line that says why panels are missing where they could be seen; empty when none are missing."""
    missing = _missing() if _wanted(shell) else ""
    if not missing:
        return ""
    return f"modelpack shows lines in place of panels: {missing} is not installed here. pip install {missing}"


def _wanted(shell: Any) -> bool:
    said = os.environ.get(ENVIRONMENT, "").strip().lower()
    return said not in _OFF if said else _watched(shell)


def _missing() -> str:
    """Return which package that panels need is not there; empty when all are."""
    return next((name for name in _NEEDED if importlib.util.find_spec(name) is None), "")


def _watched(shell: Any) -> bool:
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    request = kernel.get_parent() or {}
    return bool(request.get("content", {}).get("allow_stdin"))
