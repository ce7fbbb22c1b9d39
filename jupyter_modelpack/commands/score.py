"""score: send data to a running service."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from jupyter_modelpack.clients.program import KEY
from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Scored
from jupyter_modelpack.errors import BuildFailed, PathNotFound, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand
from jupyter_modelpack.image_contract import SAMPLE_LABEL

if TYPE_CHECKING:
    from jupyter_modelpack.engine.base import Engine, Service
    from jupyter_modelpack.engine.score import Answer

_LINES = 10
"""Log lines beside an error: a short traceback."""

_SHOWN = 500
"""Characters of an error's body that are shown."""


class ScoringFailed(BuildFailed):
    """The service answered with an error.

    A `BuildFailed`, as `ServiceDied` is: what was packaged, or what was sent, does not work, and the
    log's last lines say why.
    """

    code = "scoring-failed"


def score(
    _report: Reporter,
    *,
    data: Annotated[
        str | None,
        Option(
            "JSON to send; by default, the package's sample; - reads standard input; in a notebook, also a variable",
            positional=True,
            metavar="DATA",
        ),
    ] = None,
    service: options.ServiceFlag = None,
    file: Annotated[str | None, Option("File that holds the JSON", "-f", metavar="FILE", completes="path")] = None,
    timeout: Annotated[
        int, Option("Seconds to wait for the answer", between=(1, options.A_DAY), metavar="SECONDS")
    ] = 60,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
    stdin: Callable[[], str] | None = None,
) -> Scored:
    """Post JSON to a service; raise `ScoringFailed` with its message when it answers an error.

    `stdin` reads what ``-`` stands for, where there is such a thing.
    """
    from jupyter_modelpack.engine.score import score as post

    given = _given(data, file, stdin)
    chosen = lookup.engine(engine)
    found = lookup.service(chosen, service, workspace)
    body = _sample(found) if given is None else given
    if found.ended:
        raise UsageError(f"{found.name} has ended.", hint="Start it again with run.", code="not-running")
    key = os.environ.get(KEY)
    answer = post(found, body, headers={"Authorization": f"Bearer {key}"} if key else None, seconds=timeout)
    if not answer.ok:
        raise _failure(chosen, found, answer)
    return Scored(found.name, answer.status, _parsed(answer.text), answer.milliseconds)


def _sample(service: Service) -> bytes:
    sample = service.labels.get(SAMPLE_LABEL)
    if sample is None:
        raise UsageError(
            f"score needs data, and {service.name} was packaged without --sample.",
            hint="""score '{"data": [[1, 2, 3]]}'""",
            code="no-data",
        )
    return sample.encode()


def _given(data: str | None, file: str | None, stdin: Callable[[], str] | None) -> bytes | None:
    if data is not None and file is not None:
        raise UsageError("score needs data once: as JSON, or with --file.", code="no-data")
    if file is not None:
        try:
            return expand(file).read_bytes()
        except OSError as error:
            raise PathNotFound(f"{file} cannot be read: {error.strerror}.") from error
    if data is None:
        return None
    if data == "-":
        if stdin is None:
            raise UsageError("There is no standard input here.", hint="Give JSON, --file or a variable.")
        return stdin().encode()
    return data.encode()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _failure(engine: Engine, service: Service, answer: Answer) -> ScoringFailed:
    from jupyter_modelpack.engine.diagnose import last_lines

    said = _parsed(answer.text)
    message = said["message"] if isinstance(said, dict) and "message" in said else answer.text
    if answer.status == 401:
        hint = f"The environment variable {KEY} says which; run --public has shown it."
        return ScoringFailed(f"{service.name} asks for a key.", step="score", hint=hint)
    whose = "The request is wrong" if answer.status < 500 else "The entry script failed"
    return ScoringFailed(
        f"{service.name} answered {answer.status}: {str(message).strip()[:_SHOWN]}",
        step="score",
        log_tail=last_lines(engine, service, _LINES),
        hint=f"{whose}; the whole log: logs {service.name}",
    )
