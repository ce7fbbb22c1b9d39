"""Cache one layer per wheel, made once per machine.

A layer's bytes depend on the wheel and the target Python alone. Layers are kept by the wheel's sha256 in the
machine's cache, so the next project downloads and writes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jupyter_modelpack.builder.lock.pylock import Lock, Locked, refuse_sources
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.collisions import Part, settle
from jupyter_modelpack.builder.wheels.layer_contents import contents
from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import LAYER, Descriptor
from jupyter_modelpack.store.files import write_file
from jupyter_modelpack.store.layout import Layout

FORMAT = 4
"""Part of every layer's key: raise it when the same wheel would give other bytes."""

_USED_SECONDS = 3600
"""Seconds between updates of a layer's last use, since each build would otherwise write for each wheel."""

OWN_LAYER_BYTES = 8_000_000
"""Wheels from this size have a layer of their own; the small ones share one."""


@dataclass(frozen=True, slots=True)
class WheelLayer:
    """A layer of one or several wheels in the machine's cache."""

    title: str
    descriptor: Descriptor
    reused: bool


def wheel_layers(
    lock: Lock,
    target: BuildTarget,
    cache: Layout,
    report: Reporter,
    requirements: Sequence[str] = (),
    *,
    build_sources: bool = True,
) -> list[WheelLayer]:
    """Return the layers of a lock's packages: large wheels first, in the lock's order, then the small ones as one.

    Packages that are not in the cache are fetched and written. Of a file that several ship, the image gets that of
    the package that is last in the lock (`collisions`).

    Args:
        lock: The packages.
        target: The image's Python and platform.
        cache: The machine's layout.
        report: For log and progress.
        requirements: Lines that the lock was made from, for the passwords of the indexes they name: a lock has none.
        build_sources: Whether source archives that are not in the cache may be built, which runs their code.

    Raises:
        UsageError: there are such, and they may not.
        BuildFailed: a package cannot be fetched or built for the target.
        Unavailable: the package index cannot be reached.
    """
    found = dict(zip((package.name for package in lock.packages), _kept(lock.packages, target, cache), strict=True))
    missing = [package for package in lock.packages if found[package.name] is None]
    made: dict[str, Descriptor] = {}
    if not build_sources:
        refuse_sources(missing)
    if missing:
        from jupyter_modelpack.builder.wheels.make_layers import make_layers  # noqa: PLC0415 - only when there is something new

        made = make_layers(
            lock,
            missing,
            target,
            cache,
            report,
            requirements,
            lambda package, layer: _keep(cache, _key(package, target), layer),
        )
    layers = [
        WheelLayer(
            f"{package.name} {package.version}",
            found[package.name] or made[package.name],
            reused=package.name not in made,
        )
        for package in lock.packages
    ]
    parts = [_part(layer.title, layer.descriptor) for layer in layers]
    settled = settle(parts, target, cache)
    for collision in settled.collisions:
        report.log(str(collision))
    large = [
        _without(layer, settled.left_out.get(number, frozenset()), target, cache, report)
        for number, layer in enumerate(layers)
        if not parts[number].joined
    ]
    small = {number: layer for number, layer in enumerate(layers) if parts[number].joined}
    return [*large, *([_group(small, settled.left_out, target, cache, report)] if small else [])]


def known_parts(lock: Lock, target: BuildTarget, cache: Layout) -> list[Part]:
    """Return the layer of each package of a lock; none where some are known only once they are fetched."""
    found = [kept_wheel(package, target, cache) for package in lock.packages]
    parts = [
        _part(f"{package.name} {package.version}", layer)
        for package, layer in zip(lock.packages, found, strict=True)
        if layer
    ]
    return parts if len(parts) == len(found) else []


def _part(title: str, layer: Descriptor) -> Part:
    return Part(title, layer, joined=layer.size < OWN_LAYER_BYTES)


def _keep(cache: Layout, key: str, layer: Descriptor) -> Descriptor:
    contents(layer, cache)  # while others are fetched
    return keep_layer(cache, key, layer)


def _key(package: Locked, target: BuildTarget) -> str:
    built = "" if package.wheel else f"-{target.platform.architecture}"
    return f"{package.digest}-{target.key}{built}-{FORMAT}"


def kept_wheel(package: Locked, target: BuildTarget, cache: Layout) -> Descriptor | None:
    """Return a package's layer if it is cached, else None."""
    return find_layer(cache, _key(package, target))


def _kept(packages: Sequence[Locked], target: BuildTarget, cache: Layout) -> list[Descriptor | None]:
    noted = [_noted(cache, _key(package, target)) for package in packages]
    cache.rely_on(layer.digest for layer in noted if layer)
    return [layer if layer and cache.holds(layer) else None for layer in noted]


def find_layer(cache: Layout, key: str) -> Descriptor | None:
    """Return the layer that the machine's cache keeps under `key`, or None."""
    descriptor = _noted(cache, key)
    return descriptor if descriptor and cache.holds(descriptor) else None


def _noted(cache: Layout, key: str) -> Descriptor | None:
    path = f"{cache.path}/wheels/{key}"
    try:
        state = os.stat(path)  # noqa: PTH116 - one for each package, in a build that changes nothing
        if time.time() - state.st_mtime > _USED_SECONDS:
            os.utime(path)
        return _read(path, state.st_ino, state.st_ctime_ns)
    except (FileNotFoundError, ValueError, Untrusted):  # a damaged cache entry is ignored
        return None


@lru_cache(maxsize=1024)
def _read(path: str, _inode: int, _changed: int) -> Descriptor:
    return Descriptor.from_json(json.loads(Path(path).read_bytes()))


def keep_layer(cache: Layout, key: str, descriptor: Descriptor) -> Descriptor:
    """Record a layer of the machine's cache under `key`; return it."""
    write_file(cache.path / "wheels" / key, json.dumps(descriptor.to_json(), sort_keys=True).encode())
    return descriptor


def kept_layers(cache: Layout, unused_seconds: float | None = None) -> Iterator[Digest]:
    """Yield the digests of the layers that the machine's cache keeps under a key.

    With `unused_seconds`, without those that no build has used for so long. Their keys may stay: one whose
    blob is gone means nothing.
    """
    oldest = 0.0 if unused_seconds is None else time.time() - unused_seconds
    for path in (cache.path / "wheels").glob("[!.]*"):
        with contextlib.suppress(FileNotFoundError, ValueError, Untrusted):  # a damaged cache entry is ignored
            if path.stat().st_mtime >= oldest:
                yield Descriptor.from_json(json.loads(path.read_bytes())).digest


def _group(
    small: Mapping[int, WheelLayer],
    left_out: Mapping[int, frozenset[str]],
    target: BuildTarget,
    cache: Layout,
    report: Reporter,
) -> WheelLayer:
    names = [layer.title.partition(" ")[0] for layer in small.values()]
    title = f"{len(small)} small packages ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
    digests = "\n".join(layer.descriptor.digest for layer in small.values())
    for number, member in small.items():
        digests += "".join(f"\n- {member.title} {path}" for path in sorted(left_out.get(number, ())))
    members = [(member, left_out.get(number, frozenset[str]())) for number, member in small.items()]
    key = f"group-{hashlib.sha256(digests.encode()).hexdigest()}-{FORMAT}"
    return _joined(title, key, members, target, cache, report)


def _without(
    layer: WheelLayer, left_out: frozenset[str], target: BuildTarget, cache: Layout, report: Reporter
) -> WheelLayer:
    """Return the layer of one package without some of its files."""
    if not left_out:
        return layer
    digests = "\n- ".join([layer.descriptor.digest, *sorted(left_out)])
    key = f"without-{hashlib.sha256(digests.encode()).hexdigest()}-{FORMAT}"
    return _joined(layer.title, key, [(layer, left_out)], target, cache, report)


def _joined(
    title: str,
    key: str,
    members: Sequence[tuple[WheelLayer, frozenset[str]]],
    target: BuildTarget,
    cache: Layout,
    report: Reporter,
) -> WheelLayer:
    found = find_layer(cache, key)
    if found:
        return WheelLayer(title, found, reused=True)
    with cache.new_blob(sum(member.descriptor.size for member, _ in members)) as blob:
        layer = LayerWriter(blob, target.folders)
        for member, left_out in members:
            report.check()
            # Verified: what is damaged here would have a digest of its own afterwards, and look sound.
            data = cache.map_blob(member.descriptor, report.check)
            layer.join(data, left_out, lambda _size: report.check())
        layer.close()
        descriptor = blob.commit(LAYER)
    keep_layer(cache, key, descriptor)
    return WheelLayer(title, descriptor, reused=False)
