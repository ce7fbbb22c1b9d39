"""Check a store for damaged and missing blobs, and temporary files of dead processes (promises.md F18)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jupyter_modelpack.errors import NotFound, Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.store import references
from jupyter_modelpack.store.files import stale
from jupyter_modelpack.store.layout import Layout
from jupyter_modelpack.store.os_errors import disk_errors

Fault = Literal["damaged", "missing", "temporary"]

_BLOB = re.compile(r"[0-9a-f]{64}")
_THREADS = 2
"""Hashing keeps a core busy; more threads than this make a spinning disk seek."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem found by `check`.

    Attributes:
        fault: ``damaged`` bytes, a ``missing`` blob, or a ``temporary`` file of a dead writer.
        what: The blob's digest, or the file's name.
        names: The packages, models and environments that need it.
    """

    fault: Fault
    what: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome: sound when there are no findings."""

    blobs: int
    bytes: int
    findings: tuple[Finding, ...] = ()


def check(store: Layout, report: Reporter) -> Checked:
    """Read every blob of `store` and follow every name; change nothing.

    Raises:
        Untrusted: the index itself cannot be read.
        NotFound: there is none.

    """
    sizes, damaged = _hash_all(store, report)
    missing = _missing(store)
    users = references.users(store, [*damaged, *missing])
    findings = [Finding("damaged", digest, tuple(users[digest])) for digest in sorted(damaged)]
    findings += [Finding("missing", digest, tuple(users[digest])) for digest in sorted(missing - damaged)]
    findings += [Finding("temporary", path.name) for folder in _folders(store) for path in stale(folder)]
    return Checked(len(sizes), sum(sizes), tuple(findings))


def _hash_all(store: Layout, report: Reporter) -> tuple[list[int], set[Digest]]:
    folder = store.path / "blobs" / "sha256"
    with disk_errors(folder, "the blobs", "read"):
        paths = sorted(path for path in folder.iterdir() if _BLOB.fullmatch(path.name))
    sizes: list[int] = []
    damaged: set[Digest] = set()
    with ThreadPoolExecutor(_THREADS) as pool:
        for number, (path, found) in enumerate(zip(paths, pool.map(_hash, paths), strict=True)):
            report.progress("checking", number, len(paths))
            if found is None:
                continue  # removed by a collector meanwhile
            size, digest = found
            sizes.append(size)
            if digest.hex != path.name:
                damaged.add(Digest(f"sha256:{path.name}"))
    return sizes, damaged


def _hash(path: Path) -> tuple[int, Digest] | None:
    try:
        with disk_errors(path, "a blob", "read"), path.open("rb") as stream:
            return path.stat().st_size, Digest.of_stream(stream)
    except FileNotFoundError:
        return None


def _missing(store: Layout) -> set[Digest]:
    """Return the blobs that index entries need and the store lacks; unreadable manifests hide what is below them."""
    missing: set[Digest] = set()
    for entry in store.index().manifests:
        try:
            for part in references.below(store, entry):
                found = store.find_blob(part.digest)
                if found is None or found[1] != part.size:
                    missing.add(part.digest)
        except (NotFound, Untrusted):
            if not store.has_blob(entry.digest):
                missing.add(entry.digest)
    return missing


def _folders(store: Layout) -> Iterable[Path]:
    below = (path for path in store.path.iterdir() if path.is_dir() and not path.name.startswith("."))
    return (store.path, *below, store.path / "blobs" / "sha256")
