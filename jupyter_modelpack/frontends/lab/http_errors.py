"""Translate errors into an HTTP status with JSON, for every route of the side panel."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.frontends.live import error as page

_BUG = "This is a bug of modelpack"


def status(error: BaseException) -> int:
    """Return the HTTP status of an error; that of `ModelpackError` for one that was not raised on purpose."""
    return error.http_status if isinstance(error, ModelpackError) else ModelpackError.http_status


def error_json(error: BaseException) -> dict[str, Any]:
    """Return an error as the page shows it; one that was not raised on purpose is called a bug."""
    found = page.error_json(error)
    return found if isinstance(error, ModelpackError) else {**found, "message": f"{_BUG}: {found['message']}"}
