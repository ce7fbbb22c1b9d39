"""Prove a package that is made: run it, ask it its sample, compare what it says with what the notebook says."""

from __future__ import annotations

from jupyter_modelpack.analysis import model_trust
from jupyter_modelpack.builder.local_run.dry_run import try_out_image
from jupyter_modelpack.builder.lock.from_image import lock_in
from jupyter_modelpack.catalog.package_record import PackageRecord
from jupyter_modelpack.catalog.workspace_folder import WorkspaceFolder
from jupyter_modelpack.delivery.pull import pull
from jupyter_modelpack.engine.base import Engine
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import SAMPLE_LABEL
from jupyter_modelpack.proof import failures, kept, versions
from jupyter_modelpack.proof.ask import ProofFailed, Runnable, ask
from jupyter_modelpack.proof.compare import TOLERANCE, compare
from jupyter_modelpack.proof.expected import expected, in_words, untrusted
from jupyter_modelpack.proof.kept import Kept
from jupyter_modelpack.proof.result import Proof, unproven


def prove(
    workspace: WorkspaceFolder,
    record: PackageRecord,
    report: Reporter,
    *,
    engine: Engine,
    sample: str | None = None,
    answer: str | None = None,
    tolerance: float = TOLERANCE,
    trust: bool = False,
) -> Proof:
    """Prove a package that is made, whether it was proven before or not, and keep what comes of it.

    Args:
        workspace: Where it lies.
        record: The package, an image.
        report: Hears of it, and may cancel it.
        engine: What runs it.
        sample: The request, JSON; by default, that of the proof before, or of the package.
        answer: What the notebook answers; by default, what is kept of it, else what the script answers here.
        tolerance: How far two numbers may be apart, absolutely and by their size.
        trust: Whether model files that may run code of others are loaded on this machine, for the notebook's answer.

    Raises:
        UsageError: there is no sample.
        ProofFailed: the answers differ, or there is nothing to compare with; or the package does not work.
    """
    store, repository = workspace.store, record.name.rpartition(":")[0]
    image = store.image(record.descriptor)
    before, lock = kept.find(store, repository, image), lock_in(image)
    sample = sample or (before.sample if before else image.labels().get(SAMPLE_LABEL))
    if sample is None:
        raise UsageError(
            f"{record.name} was packaged without a sample, so there is nothing to ask it.",
            hint="""Give one: --sample rows.json, or --sample '{"data": [[1, 2, 3]]}'""",
            code="no-data",
        )
    here, given_answer = versions.here(lock), answer is not None
    if answer is None and before and before.sample == sample:
        answer, here = before.answer, before.versions
    if answer is None:
        if not record.facts.log:
            raise ProofFailed(
                f"{record.name} was not proven: it was made elsewhere, and came without the notebook's answers.",
                hint="Give them: --expected FILE; its script is run in its own environment only.",
                code="not-proven",
            )
        if not trust and (names := model_trust.foreign_in(image, store)):
            failures.refuse(untrusted(names))
        report.stage("notebook", "Asking the script in this Python")
        known = in_words(expected(lambda: try_out_image(image, sample, report), tolerance), lock)
        if known.answer is None:
            failures.refuse(unproven(known.reason, known.remedy.replace("PACKAGE", record.name)))
        answer = known.answer
    report.stage("proof", "Asking the package")
    if engine.images is not None:
        pull(workspace, record, engine, report)
    with failures.with_versions(image, lock):
        given = ask(Runnable(engine, f"{workspace.registry_address}/{record.name}", image), sample, report)
    proof = Proof.of(compare(answer, given, tolerance), tolerance, engine.name)
    if proof.state == "proven" or not given_answer:  # the notebook's own answer is not lost for a wrong one
        with store.work():
            kept.keep(store, repository, image, Kept(sample, answer, here, proof))
    if proof.state == "different":
        raise failures.different(proof, image, lock)
    return proof
