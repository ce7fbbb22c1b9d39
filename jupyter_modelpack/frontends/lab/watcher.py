"""Looks for what others change, as long as a page is open: services that end, images that come, new packages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Sequence

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.frontends.lab.target import Where

LOOK_SECONDS = 2.0
"""How often services and the workspace's index are looked at."""

SHARE = 20
"""A look at the engine's images that takes a second is taken every twenty seconds: it shall be nobody's burden."""


class Watcher:
    """A thread that runs while a page is open.

    Args:
        changed: Told the names of the tables that have changed.

    """

    def __init__(self, changed: Callable[[list[str]], None]) -> None:
        self._changed, self._lock = changed, threading.Lock()
        self._places: dict[Where, int] = {}
        self._seen: dict[tuple[str, Where], Hashable] = {}
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._next_images = time.monotonic() + SHARE  # the first page that opens has asked for them itself

    def watch(self, where: Where, by: int) -> None:
        """Let one page more (1), or one less (-1), watch a place."""
        with self._lock:
            self._places[where] = self._places.get(where, 0) + by
            if self._places[where] <= 0:
                del self._places[where]
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

    def look(self, places: Sequence[Where]) -> set[str]:
        """Return the tables that have changed since the last look; images only when it is time."""
        found = set()
        for where in places:
            if self._differs("workspace", where, _index):
                found |= {"models", "packages"}
            if self._differs("services", where, _services):
                found.add("services")
        if time.monotonic() >= self._next_images:
            began = time.monotonic()
            for where in places:
                if self._differs("images", where, _images):
                    found.add("images")
            ended = time.monotonic()
            self._next_images = ended + max(LOOK_SECONDS, SHARE * (ended - began))
        return found

    def _differs(self, what: str, where: Where, look: Callable[[Where], Hashable]) -> bool:
        """Whether something is not what it was; what cannot be seen has not changed."""
        try:
            now = look(where)
        except (ModelpackError, OSError):
            return False
        before = self._seen.get((what, where))
        self._seen[what, where] = now
        return before is not None and before != now


def _index(where: Where) -> Hashable:
    index = where.index()
    return index.stat().st_mtime_ns if index else 0


def _services(where: Where) -> Hashable:
    return tuple((one.id, one.state, one.port) for one in lookup.engine(where.engine).services())


def _images(where: Where) -> Hashable:
    images = lookup.engine(where.engine).images
    return 0 if images is None else hash(tuple((str(row.id), row.repository, row.tag) for row in images.rows()))
