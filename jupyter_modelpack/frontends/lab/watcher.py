"""Looks for what others change, as long as a page is open: services that end, images that come, new packages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Sequence

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.frontends.lab.target import Target

LOOK_SECONDS = 2.0
"""How often services and the workspace's index are looked at."""

SHARE = 20
"""A look at the engine's images that takes a second is taken every twenty seconds: it shall be nobody's burden."""


class Watcher:
    """A thread that runs while a page is open, and announces what has changed.

    Args:
        changed: Told the names of the tables that have changed.

    """

    def __init__(self, changed: Callable[[list[str]], None]) -> None:
        self._changed, self._lock = changed, threading.Lock()
        self._places: dict[Target, int] = {}
        self._seen: dict[tuple[str, Target], Hashable] = {}
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._next_images = time.monotonic() + SHARE  # the first page that opens has asked for them itself

    def watch(self, target: Target, by: int) -> None:
        """Let one page more (1), or one less (-1), watch a place."""
        with self._lock:
            self._places[target] = self._places.get(target, 0) + by
            if self._places[target] <= 0:
                del self._places[target]
            if not self._places:
                self._wake.set()
            elif self._thread is None or not self._thread.is_alive() or self._wake.is_set():
                self._wake = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._wake,), name="modelpack-watch", daemon=True
                )
                self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._wake.set()

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(LOOK_SECONDS):
            with self._lock:
                places = list(self._places)
            if found := self.look(places):
                self._changed(sorted(found))

    def look(self, places: Sequence[Target]) -> set[str]:
        """Return the tables that have changed since the last look; images only when it is time."""
        found = set()
        for target in places:
            if self._differs("workspace", target, _index):
                found |= {"models", "packages"}
            if self._differs("services", target, _services):
                found.add("services")
        if time.monotonic() >= self._next_images:
            began = time.monotonic()
            for target in places:
                if self._differs("images", target, _images):
                    found.add("images")
            ended = time.monotonic()
            self._next_images = ended + max(LOOK_SECONDS, SHARE * (ended - began))
        return found

    def _differs(self, what: str, target: Target, look: Callable[[Target], Hashable]) -> bool:
        """Whether something is not what it was; what cannot be seen has not changed."""
        try:
            now = look(target)
        except (ModelpackError, OSError):
            return False
        before = self._seen.get((what, target))
        self._seen[what, target] = now
        return before is not None and before != now


def _index(target: Target) -> Hashable:
    index = target.index()
    return index.stat().st_mtime_ns if index else 0


def _services(target: Target) -> Hashable:
    return tuple((one.id, one.state, one.port) for one in lookup.engine(target.engine).services())


def _images(target: Target) -> Hashable:
    images = lookup.engine(target.engine).images
    return 0 if images is None else hash(tuple((str(row.id), row.repository, row.tag) for row in images.rows()))
