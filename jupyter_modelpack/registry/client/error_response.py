"""Turn a registry's error response into one of our errors."""

from __future__ import annotations

import json

from jupyter_modelpack.errors import Denied, ModelpackError, NotFound, Unavailable
from jupyter_modelpack.redact import scrub


def refusal(status: int, body: bytes, what: str) -> ModelpackError:
    """Return the error for an answer of `status` to the request that `what` describes."""
    said = _said(body)
    if status in {401, 403}:
        return Denied(
            f"{what} failed: the registry refuses it ({status}{said}).",
            hint="Check the name and that your account may do this; `docker login` renews a login.",
            code="registry-denied",
        )
    if status == 404:
        return NotFound(f"{what} failed: it is not there{said}.", code="not-in-registry")
    return Unavailable(f"{what} failed: the registry answered {status}{said}.", code="registry-error")


def _said(body: bytes) -> str:
    """Return the registry's own message (distribution specification, "Error Codes"), made safe to show."""
    try:
        first = json.loads(body)["errors"][0]
        words = " ".join(str(first[key]) for key in ("code", "message") if first.get(key))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return ""
    shown = "".join(c if c.isprintable() else " " for c in scrub(words))[:200].strip().rstrip(".")
    return f": {shown}" if shown else ""
