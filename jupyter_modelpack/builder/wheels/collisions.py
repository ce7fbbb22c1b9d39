"""Whose file it is where several packages ship one: as with pip, that of the last one, in the lock's order.

Settled once for a set of layers, and kept. Layers lie in an image so that the winner's is the uppermost that holds the
file; what would lie above it is left out. So a container, the process engine and a Dockerfile that builds on the image
see the same file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jupyter_modelpack.builder.cache_notes import LAYERS
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.bytecode import bytecode_path
from jupyter_modelpack.builder.wheels.layer_contents import Contents, contents, read_files
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.files import write_file
from jupyter_modelpack.store.layout import Layout

_FORMAT = 2
"""Part of every key: raise it when the same packages would be settled otherwise."""

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One package's layer.

    Attributes:
        title: Name and version.
        joined: Whether it becomes part of the layer of small packages, which lies above the others.
    """

    title: str
    layer: Descriptor
    joined: bool


@dataclass(frozen=True, slots=True)
class Collision:
    """Files that two packages ship with different bytes.

    Attributes:
        loser: Name and version of the package whose files are not in the image.
        winner: Of the one whose files are.
        paths: Relative to the folder of the modules.
    """

    loser: str
    winner: str
    paths: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as a line of the log."""
        shown = ", ".join(self.paths[:_SHOWN])
        many = len(self.paths) > 1
        what = f"{len(self.paths)} files ({shown}{', ...' if len(self.paths) > _SHOWN else ''})" if many else shown
        return (
            f"{self.loser} and {self.winner} both bring {what}: {'those' if many else 'that'} of {self.winner} "
            f"{'are' if many else 'is'} used, as it is later in the lock"
        )


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of it.

    Attributes:
        left_out: Paths that do not get into the image, by the package's place in the order. Of packages that are not
            joined it is bytecode alone: whatever else lost lies below what won.
        collisions: To tell the user; files with the same bytes are no news.
    """

    left_out: Mapping[int, frozenset[str]]
    collisions: tuple[Collision, ...] = ()


def settle(parts: Sequence[Part], target: BuildTarget, cache: Layout) -> Settled:
    """Settle whose files the image gets.

    Args:
        parts: The packages' layers in the machine's cache, in the lock's order.
        target: The image's Python.
        cache: The machine's layout; the answer is kept there.

    Raises:
        BuildFailed: what one package ships as a file is another's folder.
    """
    lines = [f"{part.title} {part.layer.digest} {part.joined}" for part in parts]
    key = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    path = cache.path / "collisions" / f"{key}-{_FORMAT}"
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):  # damaged: none
        return _from_json(path.read_bytes())
    found = _settle(parts, target, cache)
    write_file(path, _to_json(found, parts))
    return found


def _settle(parts: Sequence[Part], target: BuildTarget, cache: Layout) -> Settled:
    inside = [contents(part.layer, cache) for part in parts]
    shared = _shared(parts, inside)
    digests = _digests(parts, shared, cache)
    left_out: dict[int, set[str]] = defaultdict(set)
    lost: dict[tuple[int, int], list[str]] = defaultdict(list)
    for path, owners in shared.items():
        *losers, winner = owners
        above = max((owner for owner in owners if parts[owner].joined), default=-1)
        for loser in losers:
            differs = digests[loser, path] != digests[winner, path]
            if differs:
                lost[loser, winner].append(path)
            if parts[loser].joined and (loser < above or differs):
                left_out[loser].add(path)
            elif not differs:
                continue
            # Bytecode is not checked against its source: the loser's would be run in place of the winner's.
            compiled = bytecode_path(path, target) if path.endswith(".py") else ""
            if compiled in inside[loser].files and compiled not in inside[winner].files:
                left_out[loser].add(compiled)
    told = [
        Collision(parts[loser].title, parts[winner].title, shown)
        for (loser, winner), paths in sorted(lost.items())
        if (shown := tuple(_shown(path, target) for path in sorted(paths) if not path.endswith(".pyc")))
    ]
    return Settled({number: frozenset(paths) for number, paths in left_out.items()}, tuple(told))


def _shared(parts: Sequence[Part], inside: Sequence[Contents]) -> dict[str, list[int]]:
    """Return the files that more than one package ships, each with those packages."""
    first: dict[str, int] = {}
    shared: dict[str, list[int]] = {}
    for number, one in enumerate(inside):
        for path in one.files:
            if first.setdefault(path, number) != number:
                shared.setdefault(path, [first[path]]).append(number)
    for folder in sorted(_folders(first) & first.keys()):
        other = next(number for number, one in enumerate(inside) for path in one.files if path.startswith(f"{folder}/"))
        raise BuildFailed(
            f"{parts[first[folder]].title} brings {folder.rpartition('site-packages/')[2]} as a file, and "
            f"{parts[other].title} as a folder.",
            hint="No environment can hold both: leave one of the two out.",
            step="Laying the packages out",
            code="collision",
        )
    return shared


def _folders(paths: Mapping[str, int]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        while (path := path.rpartition("/")[0]) and path not in found:
            found.add(path)
    return found


def _digests(parts: Sequence[Part], shared: Mapping[str, Sequence[int]], cache: Layout) -> dict[tuple[int, str], bytes]:
    wanted: dict[int, set[str]] = defaultdict(set)
    for path, owners in shared.items():
        for owner in owners:
            wanted[owner].add(path)
    found = {}
    for owner, paths in wanted.items():
        # Hashing gigabytes for one file that all of NVIDIA's packages bring would take seconds of a build that makes
        # nothing. What is joined is hashed for that anyway.
        for path, content in read_files(parts[owner].layer, cache, verified=parts[owner].joined):
            if path in paths:
                found[owner, path] = hashlib.sha256(content).digest()
    return found


def _shown(path: str, target: BuildTarget) -> str:
    return path.removeprefix(f"{target.site_packages}/").removeprefix(f"{target.env[1:]}/")


def _to_json(settled: Settled, parts: Sequence[Part]) -> bytes:
    left_out = {str(number): sorted(paths) for number, paths in sorted(settled.left_out.items())}
    told = [[one.loser, one.winner, one.paths] for one in settled.collisions]
    layers = [part.layer.digest.hex for part in parts]
    return json.dumps({LAYERS: layers, "left_out": left_out, "collisions": told}).encode()


def _from_json(data: bytes) -> Settled:
    said = json.loads(data)
    left_out = {int(number): frozenset(paths) for number, paths in said["left_out"].items()}
    return Settled(
        left_out, tuple(Collision(loser, winner, tuple(paths)) for loser, winner, paths in said["collisions"])
    )
