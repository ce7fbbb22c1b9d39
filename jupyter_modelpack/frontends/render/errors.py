"""What a front end says when something went wrong, and which exit code that is."""

from __future__ import annotations

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
from jupyter_modelpack.frontends.render.view import visible
from jupyter_modelpack.redact import scrub

EXIT_CODES: dict[type[ModelpackError], int] = {
    UsageError: 2,
    NotFound: 3,
    Conflict: 4,
    Untrusted: 5,
    Unavailable: 6,
    Denied: 7,
    BuildFailed: 8,
    Cancelled: 130,
}
"""One exit code for each branch of the error tree; 1 for anything else, 130 as shells say for Ctrl-C."""


def exit_code(error: ModelpackError) -> int:
    """Return the exit code that says which branch of the error tree `error` is on."""
    return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1)


def bug(error: BaseException) -> str:
    """Return what nobody raised on purpose in one line, safe to show."""
    return visible(scrub(" ".join(f"{type(error).__name__}: {error}".split())))


def lines(error: ModelpackError) -> list[str]:
    """Return the message, the last log lines if there are any, and the remedy; safe to show."""
    tail = error.log_tail if isinstance(error, BuildFailed) else ()
    shown = [*error.message.splitlines(), *(f"  | {line}" for line in tail), *error.hint.splitlines()]
    return [visible(line) for line in shown if line.strip()]
