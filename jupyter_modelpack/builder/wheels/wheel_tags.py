"""Match wheels to a target by the tags in their names."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urlsplit

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from jupyter_modelpack.builder.target import BuildTarget


def wheel_tags(place: str) -> frozenset[Tag]:
    """Return the tags in the name of a wheel, from its path or URL; none when it is not a wheel's name."""
    try:
        return parse_wheel_filename(unquote(posixpath.basename(urlsplit(place).path)))[3]
    except (InvalidWheelFilename, ValueError):
        return frozenset()


def target_tags(target: BuildTarget) -> list[Tag]:
    """Return the tags that fit the target, best first."""
    major, minor = (int(part) for part in target.python.split("."))
    _, _, rest = target.uv_platform.partition("-")
    machine, newest = target.uv_platform.partition("-")[0], int(rest.rpartition("_")[2])
    legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    platforms = []
    for glibc in range(newest, 4, -1):
        platforms.append(f"manylinux_2_{glibc}_{machine}")
        platforms += [f"{legacy[glibc]}_{machine}"] if glibc in legacy else []
    platforms.append(f"linux_{machine}")
    return [
        *cpython_tags((major, minor), platforms=platforms),
        *compatible_tags((major, minor), f"cp{major}{minor}", platforms),
    ]
