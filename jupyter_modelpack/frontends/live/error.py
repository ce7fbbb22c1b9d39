"""An error as a page shows it."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.frontends.live import sanitize
from jupyter_modelpack.frontends.render.errors import bug
from jupyter_modelpack.frontends.render.view import visible


def told(error: BaseException) -> dict[str, Any]:
    """Return its code, message, remedy, step and last lines; of what nobody raised on purpose, its kind and words."""
    if not isinstance(error, ModelpackError):
        return {"code": "bug", "message": bug(error), "hint": "", "step": "", "lines": []}
    return {
        "code": error.code,
        "message": visible(error.message, lines=True),
        "hint": visible(error.hint, lines=True),
        "step": visible(getattr(error, "step", "")),
        "lines": [sanitize.line(line) for line in getattr(error, "log_tail", ())],
    }
