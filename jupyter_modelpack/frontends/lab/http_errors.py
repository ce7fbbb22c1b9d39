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
from jupyter_modelpack.frontends.live import error as page

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

_BUG = "This is a bug of modelpack"


def status(error: BaseException) -> int:
    """Return the HTTP status of an error; 500 for what nobody raised on purpose."""
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)


def told(error: BaseException) -> dict[str, Any]:
    """Return an error as the page shows it."""
    found = page.told(error)
    return found if isinstance(error, ModelpackError) else {**found, "message": f"{_BUG}: {found['message']}"}
