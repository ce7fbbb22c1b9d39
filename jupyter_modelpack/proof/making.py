"""Prove a package while it is made, before it has a name: the notebook is asked in the meantime."""

from __future__ import annotations

import platform
import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from jupyter_modelpack.analysis import model_trust
from jupyter_modelpack.builder.local_run.dry_run import try_out
from jupyter_modelpack.builder.lock.from_image import lock_in
from jupyter_modelpack.builder.recipe import Recipe
from jupyter_modelpack.engine.base import Engine
from jupyter_modelpack.errors import BuildFailed, Cancelled, ModelpackError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import SAMPLE_LABEL
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.proof import failures, kept, versions
from jupyter_modelpack.proof.ask import ProofFailed, Runnable, ask
from jupyter_modelpack.proof.compare import TOLERANCE, compare
from jupyter_modelpack.proof.expected import Expected, expected, in_words, untrusted
from jupyter_modelpack.proof.kept import Kept
from jupyter_modelpack.proof.result import Proof, unproven
from jupyter_modelpack.store.layout import Layout

_TICK = 0.1
"""How long a cancel may go unseen."""

_LARGE = 256 << 20
"""Bytes of models above which the notebook is asked only once it is known that the package was not proven before: they
are unpacked for it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a package is to be proven while it is made.

    Attributes:
        engine: Returns what is to run it; asked only where it is run.
        required: Whether a package that cannot be proven is an error, too.
        tolerance: How far two numbers may be apart, absolutely and by their size.
        told: Hears what came of it.
        trust: Whether model files that may run code of others are loaded on this machine.
    """

    engine: Callable[[], Engine]
    required: bool = False
    tolerance: float = TOLERANCE
    told: Callable[[Proof], None] = lambda _proof: None
    trust: bool = False


class Proving:
    """The proof of a package that is being made; the notebook is asked while it is built.

    Args:
        terms: How.
        recipe: What the package is made of, its sample among the labels.
        store: Where it will lie.
        report: Hears of it, and may cancel it.
    """

    def __init__(self, terms: Terms, recipe: Recipe, store: Layout, report: Reporter) -> None:
        self._terms, self._store, self._report, self._repository = terms, store, report, recipe.name
        self._sample = recipe.labels[SAMPLE_LABEL]
        self._engine = ""
        self._new: Kept | None = None
        self._loaded: tuple[Engine, str] | None = None
        self._quiet = Reporter()
        self._recipe = recipe
        self._foreign = [] if terms.trust else model_trust.foreign(recipe.models, store)
        large = sum(model.layer.size for model in recipe.models) > _LARGE
        self._asked = None if large or self._foreign else self._ask()

    def compare(self, image: Image) -> None:
        """Compare the answers, unless that was done before.

        Raises:
            ProofFailed: they differ; or the package does not start, or answers an error; or it cannot be proven,
                where it has to be.
        """
        lock = lock_in(image)
        before, here = kept.find(self._store, self._repository, image), versions.here(lock)
        if before and before.proof and self._holds(before, before.proof, here):
            self._terms.told(before.proof)
            return
        if self._foreign:
            self._tell(untrusted(self._foreign))
            return
        self._asked = asked = self._asked or self._ask()
        hopeless = asked.done() and asked.result().answer is None
        # Both start at once, since most of their time goes into importing the same libraries.
        given = "" if hopeless else self._given(image, lock)
        known = in_words(self._answer(asked), lock)
        answer = known.answer
        proof = unproven(known.reason, known.remedy) if answer is None else self._proof(answer, given, image, lock)
        if proof.state == "proven":
            self._new = Kept(self._sample, answer or "", here, proof)
        self._tell(proof)

    def _tell(self, proof: Proof) -> None:
        if proof.state == "unproven" and self._terms.required:
            failures.refuse(proof)
        self._report.log(f"{proof.words[0].upper()}{proof.words[1:]}")
        self._terms.told(proof)

    def named(self, image: Image, location: str) -> None:
        """Keep the proof, now that the package has a name; an engine that has run it knows it by that name."""
        if self._new is not None:
            kept.keep(self._store, self._repository, image, self._new)
        if self._loaded is not None:
            engine, name = self._loaded
            with suppress(ModelpackError):  # it is handed over once more, and then told what is wrong
                if engine.images is not None:
                    engine.images.tag(name, location)

    def close(self) -> None:
        """Leave nothing behind that the package does not need."""
        self._quiet.cancel()
        wait_for([self._asked] if self._asked else [])
        if self._loaded is not None:
            engine, name = self._loaded
            with suppress(ModelpackError):  # a name that stays harms nobody
                if engine.images is not None:
                    engine.images.remove(name)

    def _holds(self, before: Kept, proof: Proof, here: dict[str, str]) -> bool:
        same = before.sample == self._sample and before.versions == here
        return same and proof.state == "proven" and proof.tolerance <= self._terms.tolerance

    def _ask(self) -> Future[Expected]:
        trial = partial(try_out, self._recipe, self._store, self._sample, self._quiet, twice=True)
        executor = ThreadPoolExecutor(1, "modelpack-expected")
        asked = executor.submit(expected, trial, self._terms.tolerance)
        executor.shutdown(wait=False)
        return asked

    def _answer(self, asked: Future[Expected]) -> Expected:
        if not asked.done():
            self._report.stage("notebook", "Asking the script in this Python")
        while not asked.done():
            wait_for([asked], _TICK)
            self._report.check()
        return asked.result()

    def _given(self, image: Image, lock: str) -> str | Proof | ProofFailed:
        """Return what the package answers; why it cannot be run here; or what is wrong with it.

        The last is an error only where the script works in this Python.
        """
        if image.platform().architecture != (ours := _architecture()):
            return unproven(f"it is made for {image.platform()}, and this machine is {ours}")
        try:
            engine = self._terms.engine()
            self._engine = engine.name
            runnable = Runnable(engine, self._hand_over(engine, image), image)
            self._report.stage("proof", "Asking the package what the notebook answers")
            with failures.with_versions(image, lock):
                return ask(runnable, self._sample, self._report)
        except ProofFailed as error:
            return error
        except (BuildFailed, Cancelled):
            raise
        except ModelpackError as error:
            return unproven(error.message.rstrip("."))

    def _proof(self, answer: str, given: str | Proof | ProofFailed, image: Image, lock: str) -> Proof:
        if isinstance(given, ProofFailed):
            raise given
        if isinstance(given, Proof):
            return given
        tolerance = self._terms.tolerance
        proof = Proof.of(compare(answer, given, tolerance), tolerance, self._engine)
        if proof.state == "different":
            raise failures.different(proof, image, lock)
        return proof

    def _hand_over(self, engine: Engine, image: Image) -> str:
        """Let the engine have the image, under a name of ours for as long as it has none."""
        name = f"modelpack-proof:{secrets.token_hex(8)}"
        if engine.images is not None:
            self._report.stage("engine", f"Into {engine.name}")
            self._loaded = engine, name
            engine.images.load(image, [name], self._report)
        return name


def _architecture() -> str:
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
