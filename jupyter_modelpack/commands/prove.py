"""prove: run a package, and compare what it answers with what the notebook says."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.results import Proved
from jupyter_modelpack.errors import PathNotFound, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand

if TYPE_CHECKING:
    from jupyter_modelpack.proof.making import Terms
    from jupyter_modelpack.proof.result import Proof


def prove(
    report: Reporter,
    *,
    sample: Annotated[
        str | None,
        Option(
            "Data of one request: JSON, a file, or in a notebook a variable; by default, what it was packaged with",
            metavar="DATA",
            completes="path",
        ),
    ] = None,
    expected: Annotated[
        str | None,
        Option(
            "File with the answer to compare with; by default, the notebook's own", metavar="FILE", completes="path"
        ),
    ] = None,
    tolerance: options.Tolerance = None,
    trust: options.Trust = False,
    package: options.Package = None,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
) -> Proved:
    """Run a package for one request and compare its answer; raise `ProofFailed` where it is another one."""
    from jupyter_modelpack.commands.ensure_image import check_is_image
    from jupyter_modelpack.commands.sample import read_sample

    started = time.monotonic()
    apart = _number(tolerance)
    request = read_sample(sample) if sample is not None else None
    answer = _answer(expected) if expected is not None else None
    wanted = lookup.package(lookup.workspace(workspace), package)
    check_is_image(wanted)
    proof = wanted.prove(request, answer, tolerance=apart, trust=trust, engine=lookup.engine(engine), report=report)
    return Proved(wanted.location or "", str(wanted.digest), proof, time.monotonic() - started, proof)


class Wish:
    """What is wanted of the proof of a package that is to be made.

    Args:
        engine: Name of what is to run it.
        sample: What it is to be asked; None for nothing.
        tolerance: As it was typed.
        prove: Whether a package that cannot be proven is none.
        no_prove: Whether to leave the proof out.
        dockerfile: Whether it is no image, which nobody can run.
        trust: Whether model files that may run code of others are loaded on this machine.

    Attributes:
        terms: What packaging is told; None where the package is not to be proven.

    Raises:
        UsageError: these contradict each other.
    """

    def __init__(
        self,
        engine: str | None,
        sample: str | None,
        tolerance: str | None,
        *,
        prove: bool,
        no_prove: bool,
        dockerfile: bool,
        trust: bool = False,
    ) -> None:
        from jupyter_modelpack.proof.making import Terms

        apart = _number(tolerance)
        if prove and (no_prove or dockerfile or sample is None):
            why = "--no-prove" if no_prove else "a Dockerfile, which is no image" if dockerfile else "no --sample"
            raise UsageError(f"--prove and {why}: that cannot be.", hint="Leave out one, or give a sample.")
        self._proof = None if dockerfile or sample is None else _left_out()
        self.terms: Terms | None = None
        if sample is not None and not no_prove and not dockerfile:
            self.terms = Terms(partial(lookup.engine, engine), prove, apart, self._hear, trust)

    def proof(self, reference: str) -> Proof | None:
        """Return what came of it, its remedy in words that can be typed; None for a Dockerfile, or without a sample."""
        from dataclasses import replace

        found = self._proof
        return found and replace(found, remedy=found.remedy.replace("PACKAGE", reference.partition("/")[2]))

    def _hear(self, proof: Proof) -> None:
        self._proof = proof


def _left_out() -> Proof:
    from jupyter_modelpack.proof.result import unproven

    return unproven("the proof was left out", "Prove it later: prove PACKAGE")


def _number(text: str | None) -> float:
    from jupyter_modelpack.proof.compare import TOLERANCE

    if text is None:
        return TOLERANCE
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise UsageError(f"--tolerance {text[:40]}: no number from 0.", hint="As in --tolerance 1e-6.")
    return number


def _answer(path: str) -> str:
    from jupyter_modelpack.builder.context.source_files import open_regular
    from jupyter_modelpack.limits import ANSWER_BYTES

    try:
        with open_regular(expand(path)) as file:
            data = file.read(ANSWER_BYTES + 1)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise PathNotFound(f"--expected {path[:80]} cannot be read: {said}.") from error
    if len(data) > ANSWER_BYTES:
        raise UsageError(
            f"--expected {path[:80]} is larger than {ANSWER_BYTES >> 20} MB.", hint="Give the answer to fewer rows."
        )
    return data.decode("utf-8-sig", "replace").strip()
