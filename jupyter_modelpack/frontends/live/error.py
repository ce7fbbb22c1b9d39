"""An error as a page shows it."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.frontends.live import sanitize
from jupyter_modelpack.frontends.render.errors import bug
from jupyter_modelpack.frontends.render.view import visible


def error_json(error: BaseException) -> dict[str, Any]:
    """Return an error's code, message, hint, step and last lines; the code of one not raised on purpose is ``bug``."""
    if not isinstance(error, ModelpackError):
        return {"code": "bug", "message": bug(error), "hint": "", "step": "", "lines": []}
    return {
        "code": error.code,
        "message": visible(error.message, lines=True),
        "hint": visible(error.hint, lines=True),
        "step": visible(getattr(error, "step", "")),
        "lines": [sanitize.line(line) for line in getattr(error, "log_tail", ())],
    }
