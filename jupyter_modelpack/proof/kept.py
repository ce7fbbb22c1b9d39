"""A package's proof in the workspace's store: an artifact about the image, which goes with it.

The image itself stays as it is. The artifact holds the sample, the notebook's answer and what came of comparing it; the
entry in the index says the last in short, and only this workspace writes that: what came in a file is to be proven here
again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.image_contract import LABEL, PROOF_TYPE
from jupyter_modelpack.limits import PROOF_BYTES
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import EMPTY, MANIFEST, Descriptor, Index, Manifest, canonical, parse_object
from jupyter_modelpack.proof.result import Proof
from jupyter_modelpack.record_format import FIELD, check_format
from jupyter_modelpack.store import untagged
from jupyter_modelpack.store.layout import Layout

SAID = f"{LABEL}.proof"
"""Annotation of the artifact's entry: what came of the comparison, as JSON."""

_FORMAT = 1
"""Of the JSON in the artifact."""

_NOTHING = b"{}"
"""Config of an artifact that has none, as the image specification says it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a proof.

    Attributes:
        sample: The request that was compared.
        answer: The notebook's answer to it.
        versions: Of the packages that the notebook had, by the lock's names.
        proof: What came of it here; None where it came in a file and was not repeated.
    """

    sample: str
    answer: str
    versions: dict[str, str]
    proof: Proof | None = None


def keep(store: Layout, repository: str, image: Image, kept: Kept) -> None:
    """Keep a proof with an image, in place of the one before."""
    fields = {FIELD: _FORMAT, "sample": kept.sample, "answer": kept.answer, "versions": kept.versions}
    part = store.put_bytes(PROOF_TYPE, canonical(fields))
    config = store.put_bytes(EMPTY, _NOTHING)
    subject = Descriptor(image.descriptor.media_type, image.digest, image.descriptor.size)
    raw = Manifest(config, (part,), artifact_type=PROOF_TYPE, subject=subject).to_bytes()
    artifact = store.put_bytes(MANIFEST, raw)
    said = json.dumps(kept.proof.to_json()) if kept.proof else ""

    def change(index: Index) -> tuple[Index, None]:
        before = {one.digest for one in _about(store, index, repository, image.digest)}
        kept_entries = tuple(one for one in index.manifests if one.digest not in before)
        index = untagged.with_untagged(replace(index, manifests=kept_entries), repository, artifact, image.digest)
        *others, last = index.manifests
        last = replace(last, annotations={**last.annotations, SAID: said})
        return replace(index, manifests=(*others, last)), None

    store.update(change)


def find(store: Layout, repository: str, image: Image) -> Kept | None:
    """Return what is kept with an image; None where there is nothing, or what came in a file is no proof."""
    found = None
    for entry in _about(store, store.index(), repository, image.digest):
        with suppress(ModelpackError, KeyError, TypeError, ValueError, AttributeError):  # another's words
            found = _read(store, entry)
    return found


def is_proof(artifact: Image) -> bool:
    """Whether what lies beside an image is its proof."""
    return artifact.manifest.artifact_type == PROOF_TYPE


def all_said(store: Layout) -> dict[tuple[str, Digest], Proof]:
    """Return what was proven here, by repository and the image's digest."""
    found = {}
    for entry in store.index().manifests:
        if said := entry.annotations.get(SAID):
            with suppress(KeyError, TypeError, ValueError, RecursionError):  # others may have written it
                key = (untagged.repository_of(entry), Digest(entry.annotations[untagged.SUBJECT]))
                found[key] = Proof.from_json(json.loads(said))
    return found


def _about(store: Layout, index: Index, repository: str, subject: Digest) -> Iterator[Descriptor]:
    """Yield the entries of proofs of an image."""
    for entry in index.manifests:
        known = entry.annotations
        if known.get(untagged.SUBJECT) != subject or untagged.repository_of(entry) != repository:
            continue
        if SAID in known:
            yield entry
            continue
        with suppress(ModelpackError):
            if is_proof(store.image(entry)):
                yield entry


def _read(store: Layout, entry: Descriptor) -> Kept | None:
    (part,) = store.image(entry).manifest.layers
    if part.size > PROOF_BYTES:
        return None
    with store.open_blob(part) as stream:
        fields = parse_object(stream.read(PROOF_BYTES), "proof")
    check_format(fields, _FORMAT, "The proof")
    said = entry.annotations.get(SAID)
    proof = Proof.from_json(json.loads(said)) if said else None
    versions = {str(name): str(version) for name, version in fields["versions"].items()}
    if not isinstance(fields["sample"], str) or not isinstance(fields["answer"], str):
        return None
    return Kept(fields["sample"], fields["answer"], versions, proof)
