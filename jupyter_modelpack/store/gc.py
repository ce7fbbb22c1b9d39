"""Collect garbage: blobs that no index entry reaches and no running process uses.

Mark from the leases, then the index, then sweep (promises.md F23). Each batch is marked again under the lock that
writers take before they rely on a blob, so a build, a pull or a new name in the middle of it loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.store import references
from jupyter_modelpack.store.files import remove_file
from jupyter_modelpack.store.lease import collecting, leased, sweep_layout
from jupyter_modelpack.store.os_errors import disk_errors

BATCH = 200
"""Blobs deleted under one lock: a few milliseconds, the longest that a writer waits."""

_HEX = 64


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection removed, or would remove.

    Attributes:
        digests: Of the blobs.
        bytes: Their bytes; less is freed where another store holds the same file.
        temporary: Files of dead writers.
    """

    digests: frozenset[Digest]
    bytes: int
    temporary: int = 0

    @property
    def blobs(self) -> int:
        """How many blobs."""
        return len(self.digests)


def collect(
    store: references.IndexedBlobs,
    report: Reporter,
    roots: Callable[[], Iterable[Digest]] = tuple,
    *,
    dry_run: bool = False,
) -> Collected:
    """Remove what nothing reaches.

    Args:
        store: The layout.
        report: Asked whether to go on; gets blobs looked at.
        roots: Returns further digests to keep; called for every batch.
        dry_run: Only report what would be removed.

    Raises:
        NotFound: a manifest that a name needs is missing; nothing was removed.
        Untrusted: such a manifest is damaged; nothing was removed.

    """
    marks = _Marks(store, roots)
    needed = marks.needed()
    names = [path for path in _names(store) if path.name not in needed]  # usually most of a store is in use
    temporary = 0 if dry_run else sweep_layout(store.path)
    gone, size = set[Digest](), 0
    for start in range(0, len(names), BATCH):
        report.progress("collecting", start, len(names))
        with collecting(store.path):
            kept = marks.now()
            for path in names[start : start + BATCH]:
                if path.name in kept:
                    continue
                try:
                    found = path.stat().st_size
                except FileNotFoundError:
                    continue
                if dry_run or remove_file(path):
                    gone.add(Digest.parse(f"sha256:{path.name}"))
                    size += found
    return Collected(frozenset(gone), size, temporary)


def remove(store: references.IndexedBlobs, digest: Digest) -> bool:
    """Remove one blob that this process no longer needs; return False where a name or another process needs it.

    Raises as `collect` does.
    """
    marks = _Marks(store, tuple)
    with collecting(store.path):
        if digest.hex in marks.now(ours=False):
            return False
        remove_file(store.blob_path(digest))
    return True


class _Marks:
    """Reachable blobs, marked incrementally: what became unreachable since the first walk stays until the next run."""

    def __init__(self, store: references.IndexedBlobs, roots: Callable[[], Iterable[Digest]]) -> None:
        self._store, self._roots = store, roots
        self._seen: set[Digest] = set()
        references.reach(store, self._seen)

    def needed(self) -> set[str]:
        """Return what an index entry or a root reaches."""
        return {digest.hex for digest in (*self._seen, *self._roots())}

    def now(self, *, ours: bool = True) -> set[str]:
        """Mark again, while holding `collecting`. Without `ours`, this process's own lease is left out."""
        # Leases first: what ends its lease has been named before, and is seen in the index then.
        relied_on = leased(self._store.path, ours=ours)
        references.reach(self._store, self._seen)
        return relied_on | self.needed()


def _names(store: references.IndexedBlobs) -> Iterator[Path]:
    folder = store.path / "blobs" / "sha256"
    with disk_errors(folder, "the blobs", "read"):
        for path in sorted(folder.iterdir()):
            if len(path.name) == _HEX:  # any other file here is not ours to remove
                yield path
