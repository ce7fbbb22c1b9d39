"""Run a package for the time of one request, as it will serve, and return its answer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass

from jupyter_modelpack.builder.local_run import rootfs
from jupyter_modelpack.engine import health
from jupyter_modelpack.engine.base import Engine, RunSpec, Service
from jupyter_modelpack.engine.diagnose import ServiceDied, last_lines
from jupyter_modelpack.engine.score import Answer, score
from jupyter_modelpack.errors import BuildFailed, ModelpackError, Unavailable
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import KEYS_VARIABLE, TLS_VARIABLE
from jupyter_modelpack.limits import ANSWER_BYTES
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.proof import guard

_LINES = 10
"""Lines of the log beside an error: a short traceback."""

_SHOWN = 500
"""Characters of an error's body that are shown."""

_TICK = 0.1
"""How long a cancel may go unseen."""

_PREFIX = "modelpack-proof"

_PLAIN = (TLS_VARIABLE, "MODELPACK_TLS_KEY", "MODELPACK_COLLECT", "MODELPACK_KEYS_FILE")
"""Variables of an image that a proof does without: nobody else talks to it, and what it is asked is no user's call."""


class ProofFailed(BuildFailed):
    """The package does not answer its sample as the notebook does, or not at all."""

    code = "proof-failed"


@dataclass(frozen=True, slots=True)
class Runnable:
    """A package where an engine can run it.

    Attributes:
        engine: Which.
        reference: What the engine calls the image.
        image: The image.
    """

    engine: Engine
    reference: str
    image: Image


def ask(package: Runnable, sample: str, report: Reporter, seconds: float = health.READY_SECONDS) -> str:
    """Start the package, send it the sample, end it; return its answer.

    The service has a name and a port that nobody else has, and a key of its own. It ends with this call, or with
    this process.

    Raises:
        ProofFailed: it does not start, or answers an error.
        UsageError: this engine cannot run it; so `NotFound`, where there is no Python for it.
        Unavailable: the engine does not answer; or the service, in time.
    """
    engine, name, key = package.engine, f"{_PREFIX}-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    program = rootfs.prepare(package.image, report) if engine.images is None else None
    known = package.image.variables()
    spec = RunSpec(
        image=package.reference,
        name=name,
        port=0,
        env={**{variable: "" for variable in _PLAIN if variable in known}, KEYS_VARIABLE: key},
        program=program,
    )
    watch = guard.Guard(engine.name, name)
    try:
        service = health.wait_until_ready(engine, engine.run(spec, report), report, seconds)
        answer = _scored(service, sample, {"Authorization": f"Bearer {key}"}, report)
        lines = () if answer.ok else tuple(last_lines(engine, service, _LINES))
    except ServiceDied as error:
        raise ProofFailed(
            f"The package does not start: {error.message.replace(name, 'it')}",
            hint=f"{error.hint} To package it without a proof, say --no-prove.".lstrip(),
            step="proof",
            log_tail=error.log_tail,
        ) from error
    except Unavailable as error:
        error.message = error.message.replace(name, "The package")
        if error.code in {"not-ready", "score-timeout", "no-answer"}:
            error.hint = "Leave the proof out with --no-prove, and see what it does: run, then logs."
        raise
    finally:
        _end(engine, name, watch)
    if not answer.ok:
        raise _refused(answer, lines)
    if len(answer.body) > ANSWER_BYTES:
        raise ProofFailed(
            f"The package answers its sample with more than {ANSWER_BYTES >> 20} MB, which is what a proof compares.",
            step="proof",
            hint="Take fewer rows for the sample, or leave the proof out with --no-prove.",
        )
    return answer.body.decode("utf-8", "backslashreplace")  # as a dry run gives bytes that are no text


def _scored(service: Service, sample: str, headers: Mapping[str, str], report: Reporter) -> Answer:
    """Send the sample; a cancel does not wait for the answer."""
    executor = ThreadPoolExecutor(1, "modelpack-proof")
    asked = executor.submit(
        score, service, sample.encode(), headers=headers, seconds=health.READY_SECONDS, most=ANSWER_BYTES + 1
    )
    executor.shutdown(wait=False)
    while not asked.done():
        wait_for([asked], _TICK)
        report.check()
    return asked.result()


def _end(engine: Engine, name: str, watch: guard.Guard) -> None:
    try:
        guard.end(engine, name)
    except ModelpackError:  # the engine does not answer now
        watch.take_over()
    else:
        watch.dismiss()


def _refused(answer: Answer, lines: tuple[str, ...]) -> ProofFailed:
    return ProofFailed(
        f"The package answers its sample with an error, {answer.status}: {answer.text.strip()[:_SHOWN]}",
        step="proof",
        log_tail=lines,
        hint="Correct the script, or the sample; then package again, or leave the proof out with --no-prove.",
    )
