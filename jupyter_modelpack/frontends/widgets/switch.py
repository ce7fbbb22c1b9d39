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


def panels(shell: Any) -> bool:
    """Whether to show panels in the cell that runs now; `MODELPACK_WIDGETS` decides where it is set.

    Args:
        shell: The interactive shell, or None outside of one.

    """
    said = os.environ.get(ENVIRONMENT, "").strip().lower()
    wanted = said not in _OFF if said else _watched(shell)
    return wanted and importlib.util.find_spec("anywidget") is not None


def _watched(shell: Any) -> bool:
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    request = kernel.get_parent() or {}
    return bool(request.get("content", {}).get("allow_stdin"))
