"""The jobs of this user: started as processes, followed by their journals, found again after a restart."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_modelpack.commands.grammar.from_json import fill
from jupyter_modelpack.commands.grammar.verbs import options
from jupyter_modelpack.engine.process.supervisor import end_with_children
from jupyter_modelpack.errors import Conflict, NotFound, Untrusted
from jupyter_modelpack.frontends.lab import journal
from jupyter_modelpack.frontends.lab.hub import Hub
from jupyter_modelpack.frontends.lab.job import Job
from jupyter_modelpack.frontends.lab.job_worker import INTERRUPTS
from jupyter_modelpack.frontends.live import sanitize
from jupyter_modelpack.redact import scrub

PROGRAM = "jupyter_modelpack.frontends.lab.job_worker"

CANCEL_SECONDS = 10.0
"""How long a job may take to end once it was asked to: it tidies up, and asks between steps whether to go on."""

_LOOK_SECONDS = 0.15
"""How often the journal of a running job is looked at."""


class Jobs:
    """All jobs.

    Args:
        hub: Hears of every change.
        root: Folder in which jobs work: the file browser's, so that its paths mean what they say.
        ended: Told that a job has ended, for it may have changed every table; before the hub is.

    """

    def __init__(self, hub: Hub, root: Path, ended: Callable[[], None]) -> None:
        self._hub, self._root, self._ended = hub, root, ended
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._running: set[str] = set()
        self._closed = threading.Event()

    def find(self) -> None:
        """Take up the jobs of servers before this one, those that still run among them."""
        for name in journal.names():
            self._follow(name)

    def start(self, verb: str, form: Mapping[str, Any]) -> dict[str, Any]:
        """Start a job and return what there is to say of it; raise `UsageError` when the form is wrong."""
        fill(verb, form, "lab")
        head = {"verb": verb, "form": _kept(verb, form)}
        name, file = journal.create(head)
        self._forget()
        with file:
            child = self._begin(file)
            journal.write(file, "pid", child.pid)
        if child.stdin:
            with child.stdin, contextlib.suppress(BrokenPipeError):
                child.stdin.write(json.dumps({"verb": verb, "form": form}).encode())
        return {**self._follow(name, child).whole(), **sanitize.data(head)}

    def _begin(self, out: BinaryIO) -> subprocess.Popen[bytes]:
        # An interrupt waits until the program can take it: it would end one that is still being loaded.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
        try:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", PROGRAM],  # -P: no file of the user's in place of a module
                cwd=self._root,
                stdin=subprocess.PIPE,
                stdout=out,
                start_new_session=True,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _forget(self) -> None:
        """Forget ended jobs whose journals were tidied up."""
        kept = set(journal.names())
        with self._lock:
            self._jobs = {name: job for name, job in self._jobs.items() if name in kept or job.state == "running"}

    def cancel(self, name: str) -> None:
        """Ask a job to stop, and kill one that has not after a while; one that has ended stays as it is."""
        with self._lock:
            job = self._jobs.get(name)
        if job is None:
            raise NotFound(f"There is no job {name[:40]!r}.", code="no-job")
        if job.state == "running" and job.unreadable and not job.pid:
            raise job.unreadable  # its journal names the process
        # Its lock proves that the process is the one that the journal names.
        if job.state == "running" and job.pid and journal.alive(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(job.pid, signal.SIGINT)
            timer = threading.Timer(CANCEL_SECONDS, self._kill, (job,))
            timer.daemon = True
            timer.start()

    @staticmethod
    def _kill(job: Job) -> None:
        """End a job that heeds no request: it is in a step that never asks."""
        if journal.alive(job.name):
            job.killed = True
            end_with_children(job.pid)

    def whole(self) -> list[dict[str, Any]]:
        """Return all jobs, oldest first."""
        with self._lock:
            jobs = list(self._jobs.values())
        return [job.whole() for job in jobs]

    def close(self) -> None:
        """Look no more; jobs go on."""
        self._closed.set()

    def _follow(self, name: str, child: subprocess.Popen[bytes] | None = None) -> Job:
        job = Job(name, self._changed)
        if child is not None:
            job.pid = child.pid  # who cancels at once need not wait for the journal
        with self._lock:
            self._jobs[name] = job
        threading.Thread(target=self._read, args=(job, child), name="modelpack-journal", daemon=True).start()
        return job

    def _read(self, job: Job, child: subprocess.Popen[bytes] | None) -> None:
        goes_on = False
        try:
            goes_on = child is not None or journal.alive(job.name)
            if goes_on:
                self._running.add(job.name)
            self._take(job, goes_on=goes_on)
        except (FileNotFoundError, LookupError, TypeError, ValueError):
            pass  # deleted by hand, or written by another version
        if self._closed.is_set() and job.state == "running":
            return
        job.leave()
        if child is not None:
            child.wait()

    def _take(self, job: Job, *, goes_on: bool) -> None:
        try:
            for line in journal.lines(job.name, (lambda: self._more(job)) if goes_on else None):
                job.take(line)
                if job.state != "running":
                    break
        except (Conflict, Untrusted) as error:
            job.refuse(error)
            while goes_on and self._more(job):
                pass  # of what cannot be read, the lock alone says when it has ended

    def _more(self, job: Job) -> bool:
        return not self._closed.wait(_LOOK_SECONDS) and journal.alive(job.name)

    def _changed(self, job: Job, first: int, lines: Sequence[str]) -> None:
        if job.state != "running" and job.name in self._running:
            self._running.discard(job.name)
            self._ended()  # a page that hears of the end asks for the tables next
        self._hub.publish("job", {**job.summary(), "first": first, "lines": list(lines)})


def _kept(verb: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the journal keeps of a form: no variable's value, no password in an address."""
    kinds = {option.name: option.kind for option in options(verb, "lab")}
    return {name: _scrubbed(value) for name, value in form.items() if kinds.get(name) != "pair"}


def _scrubbed(value: Any) -> Any:
    if isinstance(value, list):
        return [_scrubbed(one) for one in value]
    return scrub(value) if isinstance(value, str) else value
