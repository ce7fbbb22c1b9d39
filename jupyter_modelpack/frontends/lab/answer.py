"""From what went wrong to an HTTP status and JSON: the only translator of this skin."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.errors import (
    BuildFailed,
    Cancelled,
    Conflict,
    Denied,
    ModelpackError,
    NotFound,
    Unavailable,
    Untrusted,
    UsageError,
)
from jupyter_modelpack.frontends.view import visible
from jupyter_modelpack.frontends.widgets import clean
from jupyter_modelpack.redact import scrub

STATUS: dict[type[ModelpackError], int] = {
    UsageError: 400,
    Denied: 403,
    NotFound: 404,
    Conflict: 409,
    Cancelled: 409,
    BuildFailed: 422,
    Untrusted: 422,
    Unavailable: 503,
}
"""One status for each branch of the error tree."""


def status(error: BaseException) -> int:
    """Return the HTTP status of an error; 500 for what nobody raised on purpose."""
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)


def told(error: BaseException) -> dict[str, Any]:
    """Return an error as the page shows it."""
    if not isinstance(error, ModelpackError):
        said = visible(scrub(" ".join(f"{type(error).__name__}: {error}".split())))
        return {"code": "bug", "message": f"This is a bug of modelpack: {said}", "hint": "", "step": "", "lines": []}
    return {
        "code": error.code,
        "message": visible(error.message, lines=True),
        "hint": visible(error.hint, lines=True),
        "step": visible(getattr(error, "step", "")),
        "lines": [clean.line(line) for line in getattr(error, "log_tail", ())],
    }
