"""Why a service died, with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from jupyter_modelpack.engine import exit_reason
from jupyter_modelpack.engine.base import KILLED, OUT_OF_MEMORY, Engine, Service
from jupyter_modelpack.engine.docker.cli_output import TAIL
from jupyter_modelpack.engine.failure_patterns import SIGNS
from jupyter_modelpack.errors import BuildFailed, ModelpackError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import STARTUP_FAILED
from jupyter_modelpack.redact import scrub

_SEARCHED = 200
"""Lines of the log in which a cause is looked for; a model folder's listing follows the traceback."""


class ServiceDied(BuildFailed):
    """A service ended by itself.

    A `BuildFailed`, because the user's way on is the same (what was packaged does not work: read the
    lines, change it, package again) and because every front end shows its step and lines already.

    Attributes:
        service_exit_code: The service's exit code, as the engine gives it; None when its end was not observed.
        cause: The likely cause, a sentence; empty when the log does not tell.
    """

    code = "service-died"

    def __init__(self, service: Service, cause: str, hint: str, lines: Sequence[str]) -> None:
        code = "" if service.exit_code is None else f" with exit code {service.exit_code}"
        super().__init__(
            f"{service.name} ended{code}{f': {cause}' if cause else '.'}",
            hint=hint,
            step="start",
            log_tail=lines[-TAIL:],
        )
        self.service_exit_code = service.exit_code
        self.cause = cause


def diagnose(engine: Engine, service: Service) -> ServiceDied:
    """Return what the end of a dead service tells, to be raised or shown."""
    lines = ending_lines(engine, service, _SEARCHED)
    cause, hint = explain(service, lines)
    return ServiceDied(service, cause, hint, shown(lines))


def last_lines(engine: Engine, service: Service, count: int) -> list[str]:
    """Return the end of a service's log as people read it; nothing when there is no log any more."""
    return shown(ending_lines(engine, service, count))


def read_log(
    engine: Engine, service: Service, *, tail: int | None = None, follow: bool = False, report: Reporter | None = None
) -> Iterator[str]:
    """Yield the lines of a service's log as people read them, of the last `tail` those there are; see `Engine.logs`."""
    return (
        line for line in engine.logs(service, tail=tail, follow=follow, report=report) if not exit_reason.is_line(line)
    )


def shown(lines: Sequence[str]) -> list[str]:
    """Return lines of a log without those that only programs read."""
    return [line for line in lines if not exit_reason.is_line(line)]


def ending_lines(engine: Engine, service: Service, count: int) -> list[str]:
    """Return the end of a service's log with what programs read in it, for `explain`."""
    try:
        return [scrub(line) for line in engine.logs(service, tail=count)]
    except ModelpackError:
        return []


_EXCEPTION = re.compile(r"^(?:[\w.]+\.)?\w+(?:Error|Exception|Exit|Interrupt)\b(?::.*)?$")


def explain(service: Service, lines: Sequence[str]) -> tuple[str, str]:
    """Return the likely cause and the remedy: what the engine knows, what the server said last, then signs in the log.

    A server that could not start says why itself. Only what dies without a word is guessed, from one line each.
    """
    logs = f"See the whole log: logs {service.name}."
    if service.state == "gone":
        return "it was removed.", "Run it again."
    if service.reason == OUT_OF_MEMORY:
        return "it used more memory than it may.", "Give it more memory, or run fewer workers (WORKER_COUNT)."
    if service.reason == KILLED:
        return "it was ended with kill.", "Run it again."
    # One that has served may have refused a newer script long ago, which is not what it died of.
    if (service.exit_code == STARTUP_FAILED or not service.ended) and (said := exit_reason.find(lines)):
        return exit_reason.explain(said, lines)
    for sign in SIGNS:
        for line in (service.reason, *(() if sign.engine else reversed(lines))):
            if found := sign.read(line[: exit_reason.LINE]):
                return found
    by_code = _BY_CODE.get(service.exit_code if service.exit_code is not None else -1)
    short = (line[: exit_reason.LINE].strip() for line in reversed(lines))
    exception = next((line for line in short if _EXCEPTION.match(line)), "")
    if by_code:
        return by_code(exception or service.reason, logs)
    if exception or service.reason:
        return f"{exception or service.reason}.".replace("..", "."), logs
    return "", logs


def _killed(_said: str, logs: str) -> tuple[str, str]:
    return (
        "it was killed, most often because memory ran out.",
        f"If nobody killed it: give it more memory, or run fewer workers (WORKER_COUNT). {logs}",
    )


def _boot_failed(said: str, _logs: str) -> tuple[str, str]:
    failed = "the entry script or its init() failed"
    return f"{failed}: {said}." if said else f"{failed}.", "Correct the script; then package again."


_BY_CODE: dict[int, Callable[[str, str], tuple[str, str]]] = {
    STARTUP_FAILED: _boot_failed,
    137: _killed,
    139: lambda _said, logs: (
        "it crashed in native code (segmentation fault).",
        f"Two packages were built for different libraries, most often; try their newest versions. {logs}",
    ),
    143: lambda _said, _logs: ("it was told to end.", "Run it again."),
    127: lambda said, _logs: (
        said or "the image's start command is not in the image.",
        "Check the image: it may not be one that was packaged here.",
    ),
}
