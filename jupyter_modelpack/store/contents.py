"""Cache the parsed index of a layout for as long as its bytes do not change.

The file is read and written whole: other tools want it so. But to parse it, and to write down each entry, took
twenty times as long as all else when a model was registered beside 4,000 others. No clock and no inode is asked
whether the file has changed: its bytes are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jupyter_modelpack.oci.manifest import REF_NAME, Descriptor, Index, canonical


@dataclass
class IndexContents:
    """An index with its serialised form.

    Attributes:
        raw: The bytes.
        index: The parsed index.
        pieces: The JSON of each entry, by the entry's `id`; entries are kept alive beside it.
    """

    raw: bytes
    index: Index
    pieces: dict[int, tuple[Descriptor, bytes]] = field(default_factory=dict)

    @cached_property
    def names(self) -> dict[str, Descriptor]:
        """Named entries, oldest first."""
        found = ((entry.annotations.get(REF_NAME, ""), entry) for entry in self.index.manifests)
        return {name: entry for name, entry in found if name}

    @cached_property
    def repositories(self) -> dict[str, list[str]]:
        """The names of each repository, oldest first: all before the last colon."""
        found: dict[str, list[str]] = {}
        for name in self.names:
            found.setdefault(name.rpartition(":")[0], []).append(name)
        return found


_last: dict[Path, IndexContents] = {}


def parsed(folder: Path, raw: bytes) -> IndexContents:
    """Parse the bytes of the index at `folder`, or return the cached result."""
    known = _last.get(folder)
    if known is None or known.raw != raw:
        known = _last[folder] = IndexContents(raw, Index.from_bytes(raw))
    return known


def encoded(folder: Path, index: Index) -> IndexContents:
    """Serialise an index, reusing the JSON of entries that are cached."""
    before = _last.get(folder)
    known = before.pieces if before else {}
    pieces: dict[int, tuple[Descriptor, bytes]] = {}
    for entry in index.manifests:
        old = known.get(id(entry))
        pieces[id(entry)] = old if old and old[0] is entry else (entry, canonical(entry.to_json()))
    return IndexContents(index.to_bytes([pieces[id(entry)][1] for entry in index.manifests]), index, pieces)


def remember(folder: Path, contents: IndexContents) -> None:
    """Cache what was just written."""
    _last[folder] = contents
