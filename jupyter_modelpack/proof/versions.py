"""What differs between this Python's packages and those of a package's lock."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator, Sequence

from packaging.utils import canonicalize_name

from jupyter_modelpack.builder.lock.pylock import Lock

_NAMED = 8
"""Packages that a message names."""

_OTHER_NAMES = {
    "sklearn": "scikit-learn",
    "cv2": "opencv-python",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "dateutil": "python-dateutil",
    "bs4": "beautifulsoup4",
    "skimage": "scikit-image",
}
"""Packages by a module that is called otherwise; one is named only where the lock brings it, too."""


def versions(lock: str) -> dict[str, tuple[str, str]]:
    """Return the version of each package of a lock, here and there, by name; the first is empty for an absent one."""
    return {
        package.name: (_here(package.name), package.version)
        for package in Lock.parse(lock).packages
        if package.name and package.version
    }


def here(lock: str) -> dict[str, str]:
    """Return what of this Python a proof depends on: its version, and those of the lock's packages."""
    known = {name: ours for name, (ours, _theirs) in versions(lock).items()}
    return {**known, "python": _python()}


def absent(lock: str) -> tuple[str, ...]:
    """Return the names of the packages of a lock that this Python has not got."""
    return tuple(name for name, (here, _there) in versions(lock).items() if not here)


def brings(module: str, names: Sequence[str]) -> str:
    """Return which of the packages `names` is likely to bring a module; the module itself where none is."""
    wanted = {canonicalize_name(module), canonicalize_name(_OTHER_NAMES.get(module, module))}
    return next((name for name in names if canonicalize_name(name) in wanted), module)


def difference(lock: str, python: str) -> str:
    """Return in a sentence what this Python has otherwise than a package; empty where all is the same.

    Args:
        lock: The package's lock.
        python: Minor version of its Python, ``3.11``.
    """
    found = [*_differing(lock, python)]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"This Python has {'; '.join(found[:_NAMED])}{more}." if found else ""


def _differing(lock: str, python: str) -> Iterator[str]:
    if python and python != _python():
        yield f"version {_python()}, the package {python}"
    for name, (ours, theirs) in versions(lock).items():
        if ours and ours != theirs:
            yield f"{name} {ours}, the package {theirs}"


def _python() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _here(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
