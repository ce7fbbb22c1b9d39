"""The notebook's own answer: what the script says in this Python, asked twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jupyter_modelpack.builder.local_run.dry_run import DryRunFailed, Trial
from jupyter_modelpack.errors import Cancelled, ModelpackError
from jupyter_modelpack.limits import ANSWER_BYTES
from jupyter_modelpack.proof.compare import compare
from jupyter_modelpack.proof.result import Proof, unproven
from jupyter_modelpack.proof.versions import absent, brings

_LATER = (
    "Package it from the Python that has what the script needs, or give the answers in a file: "
    "prove PACKAGE --expected FILE"
)


@dataclass(frozen=True, slots=True)
class Expected:
    """An answer to compare with, or why there is none.

    Attributes:
        answer: As a client would get it; None where there is none.
        reason: Why there is none, without a full stop.
        remedy: What to do about that.
    """

    answer: str | None
    reason: str = ""
    remedy: str = ""


def expected(trial: Callable[[], Trial], tolerance: float) -> Expected:
    """Return what the script answers here.

    Args:
        trial: Runs it, twice.
        tolerance: How far the numbers of its two answers may be apart.
    """
    try:
        done = trial()
    except DryRunFailed as error:
        if error.module:
            return Expected(None, f"this Python has no {error.module.partition('.')[0]}", _LATER)
        return Expected(None, f"the script does not work in this Python: {error.cause.rstrip('.')}", _LATER)
    except Cancelled:
        raise
    except ModelpackError as error:
        return Expected(None, f"the script does not work in this Python: {error.message.rstrip('.')}", _LATER)
    if done.streamed:
        return Expected(None, "its answer is streamed", "Give the whole of it in a file: prove PACKAGE --expected FILE")
    answer = done.text or ""
    if len(answer.encode()) > ANSWER_BYTES:
        size = f"{len(answer.encode()) >> 20} MB, and a proof keeps {ANSWER_BYTES >> 20} MB"
        return Expected(None, f"the answer has {size}", "Package it with fewer rows: --sample X_test[:5]")
    if compare(answer, done.again or "", tolerance).difference:
        return Expected(None, "the script answers differently each time", "Give its random numbers a seed in run()")
    return Expected(answer)


def untrusted(models: Sequence[str]) -> Proof:
    """Return why models that may be of others are not loaded here, and what to say where they are not."""
    return unproven(
        f"loading {', '.join(models)} on this machine may run code that is in its file",
        "If you trust the file, say --trust (trust=True in Python)",
    )


def in_words(known: Expected, lock: str) -> Expected:
    """Name the packages that this Python lacks in place of a module, now that the package's lock is known."""
    module = known.reason.removeprefix("this Python has no ")
    if known.answer is not None or module == known.reason:
        return known
    return Expected(None, f"this Python has no {brings(module, absent(lock))}", known.remedy)
