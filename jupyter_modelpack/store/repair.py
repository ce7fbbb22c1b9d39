"""Repair a store: move damaged blobs to quarantine, and copy intact ones from other stores (promises.md F18)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jupyter_modelpack.errors import NotFound, Untrusted
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.blobs import Blobs
from jupyter_modelpack.store.check import Finding
from jupyter_modelpack.store.files import move_file
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.lease import sweep_layout

QUARANTINE = "quarantine"
"""Folder of a layout for damaged blobs, which are kept for inspection."""


@dataclass(frozen=True, slots=True)
class Repair:
    """The outcome of one finding.

    Attributes:
        source: The store that an intact copy came from; empty when there was none.
        done: Whether the problem is solved: copied from elsewhere, swept, or quarantined while nothing needs it.
    """

    finding: Finding
    done: bool
    source: str = ""


def repair(store: Layout, findings: Iterable[Finding], sources: Sequence[Blobs]) -> list[Repair]:
    """Repair what can be repaired; return the outcome of each finding.

    A blob without an intact copy is missing afterwards: the next packaging rebuilds wheels, bases and app layers,
    a model must be registered again.

    Args:
        store: The layout that was checked.
        findings: What `check` found.
        sources: Other stores of this machine to copy intact blobs from.

    """
    done = []
    for finding in findings:
        if finding.fault == "temporary":
            sweep_layout(store.path)
            done.append(Repair(finding, done=True))
            continue
        digest = Digest.parse(finding.what)
        if finding.fault == "damaged":
            move_file(store.blob_path(digest), store.path / QUARANTINE / digest.hex)
        source = _take(store, digest, sources)
        done.append(Repair(finding, done=bool(source) or not finding.names, source=source))
    store.settle()
    return done


def _take(store: Layout, digest: Digest, sources: Sequence[Blobs]) -> str:
    """Copy the blob from the first source that has an intact one; return that source's path."""
    for source in sources:
        found = source.find_blob(digest)
        if found is None:
            continue
        descriptor = Descriptor("application/octet-stream", digest, found[1])
        try:
            # A copy, not a link: two names of one file are damaged together.
            with source.open_blob(descriptor) as stream:
                store.put_blob(descriptor, stream)
        except (NotFound, Untrusted):
            continue
        return str(source.path)
    return ""
