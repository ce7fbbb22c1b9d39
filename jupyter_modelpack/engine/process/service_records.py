"""What the process engine keeps on disk: one private folder a service.

``service.json`` says what was asked for; the supervisor adds ``process.json`` (what it started), ``log``
and ``exit.json`` (how it ended). Each is written once, so nobody needs a lock; the folder itself is the
claim to the name.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import secrets
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_modelpack import home
from jupyter_modelpack.engine.base import KILLED, RunSpec, Service
from jupyter_modelpack.engine.private_file import write_json
from jupyter_modelpack.engine.process.supervisor import EXIT, LOG, NO_HANDLE, PROCESS, birth, pinned, send
from jupyter_modelpack.errors import Conflict, NotFound, Untrusted
from jupyter_modelpack.record_format import FIELD, check_format

_log = logging.getLogger(__name__)

_SPEC = "service.json"

_FORMAT = 1
"""Of the whole folder; `_SPEC`, which is the first file in it, says it."""

_LOOK_SECONDS = 0.05
"""Seconds between two looks at whether a process has ended, where nothing tells of it."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process by number and start time: a number alone may have a new owner."""

    pid: int
    birth: int

    @property
    def alive(self) -> bool:
        """Whether this process still runs, and not another one with its number."""
        return birth(self.pid) == self.birth

    def wait(self, seconds: float) -> bool:
        """Wait for its end, at most `seconds`; return whether it has ended."""
        try:
            handle = pinned(self.pid)
        except ProcessLookupError:
            return True
        if handle == NO_HANDLE:
            return self._look(seconds)
        try:
            if self.alive:  # asked while the handle pins the number to its owner
                poll = select.poll()
                poll.register(handle, select.POLLIN)
                poll.poll(seconds * 1000)
            return not self.alive
        finally:
            os.close(handle)

    def _look(self, seconds: float) -> bool:
        """Wait on systems that report the end of a process to its parent only."""
        until = time.monotonic() + seconds
        while self.alive and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
        return not self.alive

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended and another has its number."""
        send(self.pid, self.birth, number)


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """The folder of one service."""

    folder: Path

    @property
    def name(self) -> str:
        """The service's name."""
        return self.folder.name

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / LOG

    @property
    def newer(self) -> Path:
        """Where a newer script goes, for a service that reloads."""
        return self.folder / "newer"

    @classmethod
    def claim(cls, spec: RunSpec, port: int) -> ServiceRecord:
        """Take the name; raise `FileExistsError` when it is taken."""
        parent = home.services()
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        parent.chmod(0o700)
        folder = parent / spec.name
        new = Path(tempfile.mkdtemp(prefix=".", dir=parent))  # 0700, whatever the umask
        me = os.getpid()
        # No environment: it may hold secrets, and nothing reads it again.
        facts = {"image": spec.image, "port": port, "labels": dict(spec.labels), "claimed": time.time()}
        write_json(new / _SPEC, {FIELD: _FORMAT, **facts, "claimer": me, "claimer_birth": birth(me)})
        try:
            new.rename(folder)
        except OSError as error:
            shutil.rmtree(new)
            if error.errno in {errno.EEXIST, errno.ENOTEMPTY}:
                raise FileExistsError(spec.name) from error
            raise
        return cls(folder)

    @classmethod
    def find(cls, name: str) -> ServiceRecord:
        """Return the record of a service by name or process id.

        Raises:
            NotFound: there is none.
            Conflict: a newer modelpack has written it.
            Untrusted: it is damaged.

        """
        for record in cls._folders():
            if name == record.name and record.facts(_SPEC).get("claimed"):
                return record
        for record in cls.all():
            if name == str(record.facts(PROCESS).get("pid", "")):
                return record
        raise NotFound(f"No service {name}.", hint="See what there is with: services.", code="no-service")

    @classmethod
    def all(cls) -> list[ServiceRecord]:
        """Return all records that can be read, newest first; the log names the rest."""
        started: dict[ServiceRecord, float] = {}
        for record in cls._folders():
            try:
                started[record] = float(record.facts(_SPEC).get("claimed") or 0)
            except (Conflict, Untrusted) as error:
                _log.warning("%s", error.message)
        return sorted((record for record in started if started[record]), key=lambda record: -started[record])

    @classmethod
    def _folders(cls) -> list[ServiceRecord]:
        try:
            return [cls(path) for path in home.services().iterdir() if not path.name.startswith(".")]
        except FileNotFoundError:
            return []

    def facts(self, file: str) -> Mapping[str, Any]:
        """Return what one of the files says; empty while it is not there.

        Raises:
            Conflict: a newer modelpack has written it.
            Untrusted: its format is none.

        """
        path = self.folder / file
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        if not isinstance(content, dict):
            return {}
        check_format(content, _FORMAT, str(path))
        return content

    def process(self, role: str = "pid") -> Process | None:
        """Return the service's process, its ``supervisor`` or its ``claimer``; None before it is there."""
        facts = self.facts(_SPEC if role == "claimer" else PROCESS)
        pid, born = facts.get(role), facts.get("birth" if role == "pid" else f"{role}_birth")
        return Process(pid, born) if isinstance(pid, int) and isinstance(born, int) else None

    def watched(self) -> Process | None:
        """Return the process whose end is the service's: the supervisor, or the service if that was killed."""
        supervisor, process = self.process("supervisor"), self.process()
        return supervisor if supervisor and supervisor.alive else process if process and process.alive else None

    def service(self) -> Service:
        """Return the service as it is now."""
        # In this order: a process that is found dead has written its exit code before.
        alive = self.watched() is not None
        spec, process, end = self.facts(_SPEC), self.facts(PROCESS), self.facts(EXIT)
        if not spec:
            raise NotFound(f"No service {self.name}.", code="no-service")
        claimer = self.process("claimer")
        starting = not process and claimer is not None and claimer.alive
        ended = bool(end) or not (alive or starting)
        started = process.get("started") or spec["claimed"]
        return Service(
            engine="process",
            name=self.name,
            id=str(process.get("pid", "")),
            image=str(spec.get("image", "")),
            port=int(spec.get("port", 0)),
            state="exited" if ended else "starting" if starting else "running",
            started=datetime.fromtimestamp(float(started), UTC),
            exit_code=end.get("code"),
            labels=spec.get("labels", {}),
            reason=KILLED if end.get("killed") else "",
        )

    def forget(self) -> None:
        """Remove the folder; the name is free as soon as it is renamed."""
        away = self.folder.with_name(f".{self.name}.{secrets.token_hex(4)}")
        with contextlib.suppress(FileNotFoundError):
            self.folder.rename(away)
            shutil.rmtree(away)
