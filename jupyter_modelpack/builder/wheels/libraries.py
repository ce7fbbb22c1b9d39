"""Find shared libraries that an image's packages need and nothing in the image provides.

Read from what the objects themselves name as needed; nothing is run. A package is told of where none of its own
objects could be loaded: whether one of many ever is, a plugin or a backend for other hardware, nobody can tell from
outside. That is an error for a package that was asked for, since it cannot work; for one that only another package
required, a warning, since nobody knows whether it is ever imported. A library counts as there wherever it lies, for
programs find them in ways of their own (RPATH, preloading).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from jupyter_modelpack.builder.base_image.debian_names import debian_package
from jupyter_modelpack.builder.base_image.layer_files import layer_files
from jupyter_modelpack.builder.base_image.resolve import BaseImage
from jupyter_modelpack.builder.cache_notes import LAYERS
from jupyter_modelpack.builder.lock.requirement_line import named, parse_lines
from jupyter_modelpack.builder.recipe import Needs
from jupyter_modelpack.builder.wheels.collisions import Part
from jupyter_modelpack.builder.wheels.elf import SharedObject
from jupyter_modelpack.builder.wheels.layer_contents import contents
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.store.files import write_file
from jupyter_modelpack.store.layout import Layout

_FORMAT = 2
"""Part of every note's name: raise it when the same image would be judged otherwise."""

_DRIVERS = ("libcu", "libnv", "libnccl", "libamd", "libhip", "libroc", "libOpenCL.", "libze_", "libsycl", "libpython")
"""Beginnings of what a driver brings, or other wheels in ways of their own, or the interpreter that is running."""

_C_LIBRARY = "libc.so.6"
"""Where a base image has none of this name, nothing is said: its libraries have other names, or lie hidden."""

_APT = "apt-get"
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
"""Prefix of whiteouts and name of opaque whiteouts (layer.md, Whiteouts)."""

_SEARCHES = {"LD_LIBRARY_PATH", "LD_PRELOAD"}
"""Variables of users who provide libraries in ways of their own."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A package of which no shared object can be loaded.

    Attributes:
        title: Its name and version.
        libraries: What is missing.
    """

    title: str
    libraries: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as a line of the log."""
        names = ", ".join(self.libraries)
        return f"{self.title} cannot be loaded: neither the packages nor the base image have {names}"


def missing_libraries(parts: Sequence[Part], base: BaseImage, cache: Layout) -> tuple[Missing, ...]:
    """Return the packages that lack libraries in an image on `base`; the result is cached."""
    lines = [base.image.digest, *(f"{part.title} {part.layer.digest}" for part in parts)]
    key = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    path = cache.path / "libraries" / f"{key}-{_FORMAT}"
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError, KeyError):  # a damaged cache entry is ignored
        return tuple(Missing(title, tuple(names)) for title, names in json.loads(path.read_bytes())["missing"])
    found = tuple(_missing(parts, base, cache))
    layers = [base.image.digest.hex, *(part.layer.digest.hex for part in parts)]
    note = {LAYERS: layers, "missing": [[one.title, one.libraries] for one in found]}
    write_file(path, json.dumps(note).encode())
    return found


def check_libraries(parts: Sequence[Part], base: BaseImage, needs: Needs, cache: Layout, report: Reporter) -> None:
    """Warn of packages that lack libraries.

    Raises:
        BuildFailed: one that was asked for cannot work at all.
    """
    found = missing_libraries(parts, base, cache)
    for one in found:
        if not (needs.variables.keys() & _SEARCHES) and _name(one) in _asked_for(needs):
            raise BuildFailed(
                f"{one}.", hint=_way(one, base, cache), step="Looking for libraries", code="missing-library"
            )
        report.log(f"Warning: {one}. {_way(one, base, cache)}")


def _missing(parts: Sequence[Part], base: BaseImage, cache: Layout) -> Iterator[Missing]:
    inside = [contents(part.layer, cache).objects for part in parts]
    if not any(inside):
        return
    there = _libraries(base, cache)
    if _C_LIBRARY not in there:
        return
    brought: dict[str, list[SharedObject]] = {}
    for objects in inside:
        for path, one in objects:
            for name in {path.rpartition("/")[2], one.name} - {""}:
                brought.setdefault(name, []).append(one)
    lacking = _lacking([one for objects in inside for _, one in objects], brought, there)
    for part, objects in zip(parts, inside, strict=True):
        own = [(path.count("/"), one) for path, one in objects if not path.rpartition("/")[0].endswith(".libs")]
        if own and all(one in lacking for _, one in own):
            # What lies deeper is perhaps a plugin; what the package itself imports is told.
            first = min(depth for depth, _ in own)
            yield Missing(
                part.title, tuple(sorted(set().union(*(lacking[one] for depth, one in own if depth == first))))
            )


def _lacking(
    objects: Sequence[SharedObject], brought: dict[str, list[SharedObject]], there: frozenset[str]
) -> dict[SharedObject, set[str]]:
    """Return the objects that cannot be loaded, each with what is missing for it, be it by way of others."""
    lacking: dict[SharedObject, set[str]] = {}
    while True:
        before = len(lacking)
        for one in objects:
            found: set[str] = set()
            for name in one.needs:
                if name in there or name.startswith(_DRIVERS):
                    continue
                if name not in brought:
                    found.add(name)
                elif all(other in lacking for other in brought[name]):
                    found |= lacking[brought[name][0]]
            if found:
                lacking[one] = found
        if len(lacking) == before:
            return lacking


def _libraries(base: BaseImage, cache: Layout) -> frozenset[str]:
    """Return the file names of the libraries in a base image, and `_APT` where it has that; looked for once."""
    path = cache.path / "libraries" / f"image-{base.image.digest.hex}-{_FORMAT}"
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
        return frozenset(json.loads(path.read_bytes()))
    paths: set[str] = set()
    for layer in base.image.manifest.layers:
        for entry in layer_files(base.image, layer):
            folder, _, name = entry.path.rpartition("/")
            if name.startswith(_WHITEOUT):
                gone = folder if name == _OPAQUE else f"{folder}/{name.removeprefix(_WHITEOUT)}"
                paths = {one for one in paths if one != gone and not one.startswith(f"{gone}/")}
            elif ".so" in name or name == _APT:
                paths.add(entry.path)
    found = frozenset(one.rpartition("/")[2] for one in paths)
    write_file(path, json.dumps(sorted(found)).encode())
    return found


def _name(one: Missing) -> str:
    return canonicalize_name(one.title.partition(" ")[0])


def _asked_for(needs: Needs) -> set[str]:
    return {canonicalize_name(named(line.wanted).name) for line in parse_lines(needs.requirements) if line.wanted}


def _way(one: Missing, base: BaseImage, cache: Layout) -> str:
    packages = {name: debian_package(name) for name in one.libraries}
    known = sorted({package for package in packages.values() if package})
    unknown = [name for name, package in packages.items() if not package]
    said = f"Debian has it in {' and '.join(known)}" if known else ""
    if unknown:
        return f"{f'{said}; ' if said else ''}name a base image that has {' and '.join(unknown)} (--base)."
    if base.made or _APT in _libraries(base, cache):
        return f"{said}: package with {' '.join(f'--apt {package}' for package in known)}."
    return f"{said}: name a base image that holds it (--base)."
