"""Index entries without a tag: manifests pushed by digest, such as signatures of another image.

Such an entry has no ``org.opencontainers.image.ref.name``. It says which repository it belongs to and, where its
manifest has one, its subject's digest, so that signatures and bills of materials are found without reading every
manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from jupyter_modelpack.image_contract import LABEL
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import INDEX_TYPES, REF_NAME, Descriptor, Index

REPOSITORY = f"{LABEL}.repository"
SUBJECT = f"{LABEL}.subject"


def about(subject: Digest | None) -> dict[str, str]:
    """Return the annotation that records a manifest's subject."""
    return {} if subject is None else {SUBJECT: subject}


def repository_of(entry: Descriptor) -> str:
    """Return the repository that an entry belongs to; empty when it belongs to none."""
    name = entry.annotations.get(REF_NAME, "")
    return name.rpartition(":")[0] if name else entry.annotations.get(REPOSITORY, "")


def label_of(entry: Descriptor) -> str:
    """Return the name of an entry for messages."""
    return entry.annotations.get(REF_NAME) or f"{repository_of(entry)}@{entry.digest}"


def with_untagged(index: Index, repository: str, descriptor: Descriptor, subject: Digest | None) -> Index:
    """Return the index with a manifest in `repository` that has no tag of its own."""
    entry = replace(descriptor, annotations={REPOSITORY: repository, **about(subject)}, platform=None)
    kept = (
        other for other in index.manifests if not (_is_untagged(other, repository) and other.digest == entry.digest)
    )
    return replace(index, manifests=(*kept, entry))


def without_tag(index: Index, name: str, parts: Callable[[Descriptor], Iterable[Digest]]) -> Index:
    """Return the index without a name; a manifest's last name takes untagged entries that belong to it alone along.

    Args:
        index: The table of contents.
        name: ``repository:tag``.
        parts: Gives the digests of the manifests that an index points to.

    """
    gone = [entry for entry in index.manifests if entry.annotations.get(REF_NAME) == name]
    kept = [entry for entry in index.manifests if entry.annotations.get(REF_NAME) != name]
    repository = name.rpartition(":")[0]
    ours = [entry for entry in kept if repository_of(entry) == repository]
    named = {entry.digest for entry in ours if REF_NAME in entry.annotations}
    loose: dict[str, list[Descriptor]] = {}
    for entry in ours:
        if REF_NAME not in entry.annotations:
            for key in (entry.digest, SUBJECT + entry.annotations.get(SUBJECT, "")):
                loose.setdefault(key, []).append(entry)
    if loose:  # what another index points to is still in use
        named.update(part for entry in ours if _is_tagged_index(entry) for part in parts(entry))
    going: set[Digest] = set()
    todo = [entry for entry in gone if entry.digest not in named]
    while todo:
        one = todo.pop()
        for digest in {one.digest, *parts(one)} - named:
            for entry in (*loose.pop(digest, ()), *loose.pop(SUBJECT + digest, ())):
                if entry.digest not in going:
                    going.add(entry.digest)
                    todo.append(entry)
    stay = (entry for entry in kept if not (_is_untagged(entry, repository) and entry.digest in going))
    return replace(index, manifests=tuple(stay))


def _is_tagged_index(entry: Descriptor) -> bool:
    return REF_NAME in entry.annotations and entry.media_type in INDEX_TYPES


def _is_untagged(entry: Descriptor, repository: str) -> bool:
    return REF_NAME not in entry.annotations and entry.annotations.get(REPOSITORY) == repository
