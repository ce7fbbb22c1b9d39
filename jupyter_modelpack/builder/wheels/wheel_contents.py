"""List the modules of a locked package before it is fetched.

A wheel is a zip archive, whose list of files stands at its end: where the server sends ranges, a few kilobytes
of a wheel of any size are enough.
"""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterable
from importlib import metadata

from jupyter_modelpack.builder import top_level_modules
from jupyter_modelpack.builder.lock.pylock import Locked
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.layer_cache import kept_wheel
from jupyter_modelpack.limits import FORESEE_SECONDS, INDEX_BYTES
from jupyter_modelpack.store.layout import Layout

_TAIL = 1 << 16
_SECONDS = 3
_END = b"PK\x05\x06"
_DATA = re.compile(r"^[^/]+\.data/(?:purelib|platlib)/")


def kept_modules(package: Locked, target: BuildTarget, cache: Layout) -> frozenset[str] | None:
    """Return the modules of a package whose layer is in the machine's cache; None where it is not."""
    layer = kept_wheel(package, target, cache)
    return top_level_modules.provided(layer, cache, cache) if layer else None


def installed_modules(package: Locked) -> frozenset[str]:
    """Return the modules of that package in this Python, in whatever version; none where it is not installed."""
    try:
        files = metadata.distribution(package.name).files
    except (metadata.PackageNotFoundError, ValueError):
        return frozenset()
    return _top_level(str(file) for file in files or ())


def listed_modules(package: Locked) -> frozenset[str] | None:
    """Return the modules that the wheel's own list of files names; None where it cannot be had without the wheel."""
    from jupyter_modelpack.builder.wheels.download import http_error  # noqa: PLC0415 - only when something is fetched

    if not package.wheel or not package.place:
        return None
    try:
        if package.place.startswith("/"):
            with zipfile.ZipFile(package.place) as archive:
                return _top_level(archive.namelist())
        with zipfile.ZipFile(io.BytesIO(_list_of(package))) as archive:
            return _top_level(archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, http_error()):  # urllib's are OSErrors
        return None


def _list_of(package: Locked) -> bytes:
    """Return a wheel's bytes from where its list of files begins."""
    tail = _last(package, _TAIL)
    end = tail.rfind(_END)
    if end < 0:
        raise ValueError("no list of files")
    size = int.from_bytes(tail[end + 12 : end + 16], "little") + len(tail) - end
    if size > len(tail):
        tail = _last(package, size)
    return tail[-size:]


def _last(package: Locked, size: int) -> bytes:
    from urllib.request import Request  # noqa: PLC0415 - only when something is fetched

    from jupyter_modelpack.builder.wheels.download import opener  # noqa: PLC0415

    if size > INDEX_BYTES:
        raise ValueError("too long a list of files")
    request = Request(package.place, headers={"Range": f"bytes=-{size}"})  # noqa: S310 - _place() takes http alone
    with opener().open(request, timeout=_SECONDS) as answer:
        if answer.status != 206:  # the whole wheel
            raise ValueError("no ranges")
        found, until = bytearray(), time.monotonic() + FORESEE_SECONDS
        while len(found) < size and (piece := answer.read1(size - len(found))):
            if time.monotonic() > until:  # a byte now and then is an answer to `timeout`
                raise TimeoutError
            found += piece
        return bytes(found)


def _top_level(names: Iterable[str]) -> frozenset[str]:
    return top_level_modules.modules_of(f"/site-packages/{_DATA.sub('', name)}" for name in names)
