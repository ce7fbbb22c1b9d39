"""Lines of text that a front end shows for an error."""

from __future__ import annotations

from jupyter_modelpack.errors import BuildFailed, ModelpackError
from jupyter_modelpack.frontends.render.view import visible
from jupyter_modelpack.redact import scrub


def bug(error: BaseException) -> str:
    """Return what nobody raised on purpose in one line, safe to show."""
    return visible(scrub(" ".join(f"{type(error).__name__}: {error}".split())))


def lines(error: ModelpackError) -> list[str]:
    """Return the message, the last log lines if there are any, and the remedy; safe to show."""
    tail = error.log_tail if isinstance(error, BuildFailed) else ()
    shown = [*error.message.splitlines(), *(f"  | {line}" for line in tail), *error.hint.splitlines()]
    return [visible(line) for line in shown if line.strip()]
