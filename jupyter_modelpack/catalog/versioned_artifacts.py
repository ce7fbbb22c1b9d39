"""Numbered versions of named things in a workspace's index.

Models and environments are OCI artifacts named ``<kind>/<name>:<version>``. Versions have no gaps and
are never given twice: the highest one given stays in the index's annotations after a delete.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from jupyter_modelpack.errors import Conflict, Untrusted
from jupyter_modelpack.image_contract import LABEL
from jupyter_modelpack.limits import CONFIG_BYTES
from jupyter_modelpack.oci.manifest import (
    EMPTY,
    MANIFEST,
    REF_NAME,
    Descriptor,
    Index,
    Manifest,
    canonical,
    parse_object,
)
from jupyter_modelpack.record_format import FIELD, check_format
from jupyter_modelpack.store.layout import Layout

_log = logging.getLogger(__name__)

_LONG = 200

_DIGITS = 18
"""Of a version that may be asked for; Python refuses to read numbers of many more."""

_FORMAT = 1
"""Of the documents. Their media type says it, so that they need no field, and their digests stay what they were."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One version of one thing: its document, and the layers that hold its files."""

    name: str
    version: int
    document: dict[str, Any]
    layers: tuple[Descriptor, ...]


class VersionedArtifacts:
    """All versions of one kind of thing in a store.

    Args:
        store: The workspace's store.
        kind: ``model`` or ``environment``.

    """

    def __init__(self, store: Layout, kind: str) -> None:
        self._store, self._kind = store, kind
        self._type = f"application/vnd.jupyter-modelpack.{kind}.v{_FORMAT}+json"

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold what keeps others from giving `name` its next version, and collectors from what is written."""
        # A lock is a file, and a file's name ends at 255 bytes.
        short = name if len(name) <= _LONG else hashlib.sha256(name.encode()).hexdigest()
        with self._store.work(), self._store.lock(f"{self._kind}-{short}"):
            yield

    def next_version(self, name: str) -> int:
        """Return the version that comes next; ask under the lock."""
        given = [version for _, version, _ in self._entries(name)]
        return 1 + max(self._mark(self._store.index(), name), *given, 0)

    def put(self, name: str, version: int, document: dict[str, Any], layers: Sequence[Descriptor] = ()) -> None:
        """Write one version, new or again; in one step in the index."""
        config = self._store.put_bytes(self._type, canonical(document))
        # The specification wants one layer at least, and has this one for who has none.
        layers = layers or [self._store.put_bytes(EMPTY, b"{}")]
        raw = Manifest(config, tuple(layers), artifact_type=self._type).to_bytes()
        stored = self._store.put_bytes(MANIFEST, raw)
        entry = replace(stored, annotations={REF_NAME: self._ref(name, version)})

        def change(index: Index) -> tuple[Index, None]:
            refs = [old.annotations.get(REF_NAME) for old in index.manifests]
            entries = list(index.manifests)
            if entry.annotations[REF_NAME] in refs:
                # In its old place, so that the index keeps the order of registration.
                entries[refs.index(entry.annotations[REF_NAME])] = entry
            else:
                entries.append(entry)
            mark = str(max(self._mark(index, name), version))
            return Index(tuple(entries), {**index.annotations, self._mark_key(name): mark}), None

        self._store.update(change)

    def remove(self, name: str, version: int) -> bool:
        """Forget a version; return whether it was there."""
        return self._store.untag(self._ref(name, version))

    def get(self, name: str, version: int) -> Artifact | None:
        """Return a version, or None."""
        ref = self._ref(name, version)
        entry = self._store.names(ref).get(ref)
        return self._read(name, version, entry) if entry else None

    def find(self, named: str) -> Artifact | None:
        """Return what ``name:version`` means, or a name its highest version, or None; nothing else is read."""
        name, _, version = named.rpartition(":")
        if name and version.isdecimal() and len(version) <= _DIGITS:
            return self.get(name, int(version))
        return self.newest(named)

    def newest(self, name: str) -> Artifact | None:
        """Return the highest version of a name, or None; no other one is read."""
        highest = max(self._entries(name), key=itemgetter(1), default=None)
        return self._read(*highest) if highest else None

    def names(self) -> list[str]:
        """Return the names, sorted."""
        return sorted({name for name, _, _ in self._entries()})

    def items(self, name: str | None = None) -> Iterator[Artifact]:
        """Yield what there is, newest registration first."""
        for found in self._entries(name):
            yield self._read(*found)

    def listed(self, name: str | None = None) -> Iterator[Artifact]:
        """Yield what can be read of what there is, newest registration first; the log names the rest."""
        yield from self._readable(self._entries(name))

    def latest(self) -> Iterator[Artifact]:
        """Yield the highest version of each name, newest registration first, as `listed` does."""
        highest: dict[str, tuple[int, Descriptor]] = {}
        for name, version, entry in self._entries():
            if name not in highest or version > highest[name][0]:
                highest[name] = (version, entry)
        yield from self._readable((name, *found) for name, found in highest.items())

    def _entries(self, name: str | None = None) -> list[tuple[str, int, Descriptor]]:
        prefix = f"{self._kind}s/" if name is None else f"{self._kind}s/{name}:"
        found = []
        for ref, entry in self._store.names(prefix).items():
            full, _, version = ref.removeprefix(f"{self._kind}s/").rpartition(":")
            if version.isdecimal():  # another tool may have put a name of its own here
                found.append((full, int(version), entry))
        return found[::-1]

    def _readable(self, entries: Iterable[tuple[str, int, Descriptor]]) -> Iterator[Artifact]:
        for name, version, entry in entries:
            manifest = self._store.image(entry).manifest
            try:
                self._check(name, version, manifest)
            except (Conflict, Untrusted) as error:
                _log.warning("%s", error.message)
            else:
                yield self._document(name, version, manifest)

    def _read(self, name: str, version: int, entry: Descriptor) -> Artifact:
        manifest = self._store.image(entry).manifest
        self._check(name, version, manifest)
        return self._document(name, version, manifest)

    def _check(self, name: str, version: int, manifest: Manifest) -> None:
        what, found = f"The record of {self._kind} {name}:{version}", manifest.config.media_type
        kind = re.escape(self._type.removesuffix(f"{_FORMAT}+json"))
        said = re.fullmatch(rf"{kind}([1-9][0-9]{{0,8}})\+json", found)
        if not said:
            raise Untrusted(
                f"{what} is none of ours: its type is {found[:80]!r}, not {self._type}.",
                hint=f"Remove {self._ref(name, version)} from the workspace's index, with the tool that put it there.",
                code="bad-record",
            )
        check_format({FIELD: int(said[1])}, _FORMAT, what)

    def _document(self, name: str, version: int, manifest: Manifest) -> Artifact:
        with self._store.open_blob(manifest.config) as stream:
            document = parse_object(stream.read(CONFIG_BYTES + 1), f"{self._kind}'s description")
        return Artifact(name, version, document, manifest.layers)

    def _ref(self, name: str, version: int) -> str:
        return f"{self._kind}s/{name}:{version}"

    def _mark_key(self, name: str) -> str:
        return f"{LABEL}.last-{self._kind}.{name}"

    def _mark(self, index: Index, name: str) -> int:
        return int(index.annotations.get(self._mark_key(name), "0"))
