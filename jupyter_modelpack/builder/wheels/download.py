"""Download wheels by their URL, straight into a file: no unpacked copy, no second cache.

A fast path beside uv, which supports passwords, keyrings and every setting of an index. Whatever fails here is left
to uv; a downloaded file has the lock's size and sha256.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_modelpack.builder.lock.pylock import Locked
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import CHUNK

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

_SECONDS = 10
"""Seconds without data after which the download is left to uv, which retries."""


class Fetcher:
    """Downloads wheels from the URLs of a lock.

    Args:
        report: Asked for cancel.
        count: Called with the number of bytes of each chunk.
    """

    def __init__(self, report: Reporter, count: Callable[[int], None]) -> None:
        self._report, self._count = report, count
        self._given_up = threading.Event()

    def fetch(self, package: Locked, target: Path) -> bool:
        """Write the package's wheel to `target`; return whether it is complete and verified.

        After one failed connection no other is tried: offline, uv still has its cache.
        """
        if not package.place or not package.size or self._given_up.is_set():
            return False
        if package.place.startswith("/"):
            return self._copy(package, target)
        if os.environ.get("UV_OFFLINE") or _in_uv_cache(package):
            return False
        try:
            with opener().open(package.place, timeout=_SECONDS) as answer:
                return self._write(answer.read, package, target)
        except (OSError, ValueError, http_error()) as error:  # urllib's are OSErrors
            if not hasattr(error, "code"):
                self._given_up.set()
            return False

    def _copy(self, package: Locked, target: Path) -> bool:
        try:
            with open(package.place, "rb") as file:  # noqa: PTH123 - its read, no more
                return self._write(file.read, package, target)
        except OSError:
            return False

    def _write(self, read: Callable[[int], bytes], package: Locked, target: Path) -> bool:
        state, size = hashlib.sha256(), 0
        with target.open("wb", buffering=0) as out:
            while chunk := read(CHUNK >> 2):
                self._report.check()
                size += len(chunk)
                if size > package.size:
                    return False
                state.update(chunk)
                out.write(chunk)
                self._count(len(chunk))
        return size == package.size and state.hexdigest() == package.digest


@cache
def opener() -> OpenerDirector:
    """Return an opener for URLs of packages, with the certificates that this machine trusts."""
    import ssl  # noqa: PLC0415 - only when something is fetched
    from urllib.request import build_opener  # noqa: PLC0415

    from jupyter_modelpack.builder.wheels.answer_head import BoundedHTTPHandler, BoundedHTTPSHandler  # noqa: PLC0415

    made = build_opener(BoundedHTTPHandler(), BoundedHTTPSHandler(ssl.create_default_context()))
    made.addheaders = [("User-Agent", "jupyter_modelpack"), ("Accept-Encoding", "identity")]
    return made


def http_error() -> type[Exception]:
    """Return what `http.client` raises of an answer that is none; no OSError."""
    from http.client import HTTPException  # noqa: PLC0415 - as above

    return HTTPException


def _in_uv_cache(package: Locked) -> bool:
    """Whether uv seems to have unpacked that version before: then it need not come over the network again."""
    cache_dir, caches = os.environ.get("UV_CACHE_DIR"), os.environ.get("XDG_CACHE_HOME")
    if not cache_dir and not caches and not os.environ.get("HOME"):
        return False  # a user without a name, common in containers, has no home
    base = Path(cache_dir) if cache_dir else Path(caches or Path.home() / ".cache") / "uv"
    found = (*base.glob(f"wheels-v*/*/{package.name}"), *base.glob(f"wheels-v*/*/*/{package.name}"))
    return any(entry.is_dir() for folder in found for entry in folder.glob(f"{package.version}-*"))
