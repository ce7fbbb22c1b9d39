"""The errors of a package that is not proven: what differs, and what may be why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from jupyter_modelpack.image_contract import PYTHON_LABEL
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.proof import versions
from jupyter_modelpack.proof.ask import ProofFailed
from jupyter_modelpack.proof.result import Proof


def different(proof: Proof, image: Image, lock: str) -> ProofFailed:
    """Return the error for a package that does not answer as the notebook does, with what may be why."""
    found = _versions(image, lock)
    why = f"{found} Name the versions of the notebook in the requirements" if found else ""
    other = "The packages are the same, so look for what else the script reads: variables, files, the machine's own"
    return ProofFailed(
        f"The package does not answer as the notebook does: {proof.reason} ({proof.counts}).",
        hint=f"{why or other}; or leave the proof out with --no-prove.",
        step="proof",
    )


@contextmanager
def with_versions(image: Image, lock: str) -> Iterator[None]:
    """Name the versions that differ where the package does not work though the script does, here."""
    try:
        yield
    except ProofFailed as error:
        error.hint = f"{_versions(image, lock)} {error.hint}".lstrip()
        raise


def _versions(image: Image, lock: str) -> str:
    return versions.difference(lock, image.labels().get(PYTHON_LABEL, ""))


def refuse(proof: Proof) -> NoReturn:
    """Raise that a package cannot be proven, which it had to be."""
    raise ProofFailed(
        f"It was not proven: {proof.reason}.", hint=f"{proof.remedy}." if proof.remedy else "", code="not-proven"
    )
