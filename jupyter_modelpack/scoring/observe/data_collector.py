"""Collect calls and values: a bounded queue, and a thread that writes them.

Offering a record never blocks: what does not fit is counted and dropped.
"""

import os
import queue
import random
import threading
from pathlib import Path
from typing import Any

import orjson

from ..settings import Settings
from . import log
from .data_records import DataRecord, hide
from .rotating_file import RotatingFile

_QUEUE = 1000
_QUEUE_BYTES = 64 * 1024 * 1024
_TOGETHER = 100


class Collector:
    """What a process keeps, in MODELPACK_COLLECT; its thread starts with the first offer, after every fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = Path(settings.collect)
        self._redact = frozenset(name.strip().casefold() for name in settings.collect_redact.split(",") if name.strip())
        self._told = False
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._queue: queue.SimpleQueue[DataRecord | None] = queue.SimpleQueue()
        self._files: dict[Path, RotatingFile] = {}  # of its own: nobody else may begin a new one
        self._bytes, self._lock = 0, threading.Lock()
        self._thread: threading.Thread | None = None
        self.dropped = 0

    def sampled(self) -> bool:
        """Decide about one call."""
        return self._settings.collect_sample >= 1.0 or random.random() < self._settings.collect_sample  # noqa: S311

    def offer(self, record: DataRecord) -> bool:
        """Keep a record, or drop it when too much is waiting to be written."""
        with self._lock:
            if self._bytes + record.size > _QUEUE_BYTES or self._queue.qsize() >= _QUEUE:
                self.dropped += 1
                return False
            self._bytes += record.size
            self._queue.put(
                record
            )  # under the lock: else another thread could fill the queue between the check and this line
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="modelpack-collect", daemon=True)
                self._thread.start()
        return True

    def close(self, seconds: float) -> None:
        """Write what waits, at most so long."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(seconds)

    def _write(self) -> None:
        while (record := self._queue.get()) is not None:
            records = [record]
            while len(records) < _TOGETHER and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    self._keep(records)
                    return
                records.append(following)
            self._keep(records)

    def _keep(self, records: list[DataRecord]) -> None:
        lines: dict[Path, list[bytes]] = {}
        for record in records:
            with self._lock:
                self._bytes -= record.size
            try:
                content = orjson.dumps(record.content(self._redact), self._text, orjson.OPT_SERIALIZE_NUMPY)
            except Exception as error:  # noqa: BLE001  what a script has collected may be anything
                log.warning(f"Cannot collect a value: {error}")
                continue
            lines.setdefault(self._folder / record.folder, []).append(content)
        for folder, found in lines.items():
            file = self._files.setdefault(
                folder, RotatingFile(folder, self._settings.collect_file_bytes, self._settings.collect_files)
            )
            try:
                file.write(b"\n".join(found) + b"\n")
            except OSError as error:
                self.dropped += len(found)
                file.close()
                if not self._told:  # a full disk is reported once, and affects no request
                    self._told = True
                    log.error(f"Collected data cannot be written (MODELPACK_COLLECT={self._settings.collect}): {error}")

    def _text(self, value: Any) -> Any:
        for method in ("tolist", "to_dict", "isoformat"):
            if callable(convert := getattr(value, method, None)):
                return hide(convert(), self._redact)  # a table has names, too
        return str(value)


_active: Collector | None = None


def start(settings: Settings) -> Collector | None:
    """Make the collector of this service, where a folder is named."""
    global _active  # noqa: PLW0603  ModelDataCollector has no other way to find it
    _active = Collector(settings) if settings.collect else None
    return _active


def active() -> Collector | None:
    """Return the collector of this service."""
    return _active
