"""Jobs as processes, without a Jupyter server: cancelled at any time, forgotten in time."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.engine.process.supervisor import end_with_children
from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.frontends.lab import journal
from jupyter_modelpack.frontends.lab.hub import Hub
from jupyter_modelpack.frontends.lab.jobs import Jobs


class Heard(Hub):
    """A hub whose events can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, Any] = {}
        self.last_words = 0
        self._news = threading.Condition()
        self.ends = threading.Semaphore(0)
        self.order: list[str] = []

    def publish(self, kind: str, data: Any) -> None:
        super().publish(kind, data)
        if data["state"] != "running":
            self.order.append("told")
        with self._news:
            self._told[data["id"]] = data
            self.last_words += data["state"] != "running"
            self._news.notify_all()

    def first(self, name: str) -> dict[str, Any]:
        """Return the job when something was told of it."""
        with self._news:
            assert self._news.wait_for(lambda: name in self._told, 20)
            return self._told[name]

    def end(self, name: str) -> dict[str, Any]:
        """Return the job when it has ended."""
        with self._news:
            assert self._news.wait_for(lambda: self._told.get(name, {}).get("state", "running") != "running", 60)
            return self._told[name]


@pytest.fixture
def hub() -> Heard:
    return Heard()


@pytest.fixture
def jobs(hub: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    monkeypatch.setenv("MODELPACK_ENGINE", "process")

    def ended() -> None:
        hub.order.append("ended")
        hub.ends.release()

    made = Jobs(hub, tmp_path, ended)
    yield made
    made.close()


def test_a_job_is_cancelled_while_its_program_is_being_loaded(jobs: Jobs, hub: Heard):
    job = jobs.start("doctor", {})
    [pid] = [line["data"] for line in journal.lines(job["id"], None) if line["kind"] == "pid"]
    os.kill(pid, signal.SIGINT)  # at once: a button is pressed no sooner
    ended = hub.end(job["id"])
    assert (ended["state"], ended["error"]["code"]) == ("cancelled", "cancelled")


def test_a_job_that_heeds_no_request_is_killed_with_what_it_started(
    jobs: Jobs, hub: Heard, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("jupyter_modelpack.frontends.lab.jobs.CANCEL_SECONDS", 0.2)
    job = jobs.start("doctor", {})
    [pid] = [line["data"] for line in journal.lines(job["id"], None) if line["kind"] == "pid"]
    os.kill(pid, signal.SIGSTOP)  # as one that sits in native code
    jobs.cancel(job["id"])
    assert hub.end(job["id"])["state"] == "cancelled"


def test_a_process_is_killed_with_children_that_lead_their_own_sessions():
    inner = "import subprocess as s; p = s.Popen(['sleep', '60'], start_new_session=True)"
    inner += "; print(p.pid, flush=True); p.wait()"
    with subprocess.Popen([sys.executable, "-c", inner], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        end_with_children(parent.pid)
        assert parent.wait() == -signal.SIGKILL
        assert select.select([child], [], [], 10)[0], "it has ended"
        os.close(child)


def test_a_job_does_not_leave_interrupts_blocked(jobs: Jobs, hub: Heard):
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    hub.end(jobs.start("version", {})["id"])
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    assert signal.SIGINT not in before


def test_ended_jobs_go_when_their_journals_do(jobs: Jobs, hub: Heard, home: Path):
    for number in range(journal.KEPT + 5):
        past(f"202611230000{number:02d}000000-00000000")
    jobs.find()
    last = ""
    for name in journal.names():
        hub.end(last := name)
    assert len(jobs.whole()) == journal.KEPT + 5
    hub.end(jobs.start("version", {})["id"])
    known = [job["id"] for job in jobs.whole()]
    assert known == journal.names()
    assert last in known
    assert len(known) == journal.KEPT + 1


def test_tables_are_out_of_date_before_anybody_hears_of_the_end(jobs: Jobs, hub: Heard):
    hub.end(jobs.start("doctor", {})["id"])
    assert hub.order[:2] == ["ended", "told"]


def test_tables_are_asked_for_anew_once_when_a_job_ends_and_not_for_one_that_had(jobs: Jobs, hub: Heard, home: Path):
    past("20261123000000000000-00000000")
    jobs.find()
    hub.end("20261123000000000000-00000000")
    hub.end(jobs.start("version", {})["id"])
    assert hub.ends.acquire(timeout=10)
    assert not hub.ends.acquire(timeout=0.5)
    assert hub.last_words == 2  # one of each


def test_a_journal_of_another_version_is_one_of_a_job_that_ended(jobs: Jobs, hub: Heard, home: Path):
    past("20261123000000000000-00000000", ("stage", 1))
    jobs.find()
    assert hub.end("20261123000000000000-00000000")["state"] == "lost"


def test_a_journal_of_a_newer_modelpack_is_refused_in_a_sentence(jobs: Jobs, hub: Heard, home: Path):
    name, file = journal.create({"verb": "version", "form": {}})
    with file:
        journal.write(file, "done", {})
    assert [line["kind"] for line in journal.lines(name, None)] == ["head", "done"]
    text = journal.path(name).read_text()
    assert '"format": 1' in text
    journal.path(name).write_text(text.replace('"format": 1', '"format": 2'))
    jobs.find()
    ended = hub.end(name)
    assert ended["state"] == "failed"
    assert ended["error"]["message"].startswith(f"{journal.path(name)} was written by a newer modelpack")
    assert ended["error"]["hint"].startswith("Upgrade jupyter_modelpack")


def test_a_job_of_a_newer_modelpack_that_still_runs_is_shown_as_running(
    jobs: Jobs, hub: Heard, home: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as newer:
        newer.setattr(journal, "_FORMAT", 2)
        name, file = journal.create({"verb": "version", "form": {}})
    with file:
        jobs.find()
        told = hub.first(name)
        assert told["state"] == "running"
        assert told["error"]["message"].startswith(f"{journal.path(name)} was written by a newer modelpack")
        with pytest.raises(Conflict, match="newer modelpack"):
            jobs.cancel(name)
        assert not hub.ends.acquire(timeout=0.5)
        assert jobs.whole()[0]["state"] == "running"
    assert hub.end(name)["error"] == told["error"]
    assert hub.ends.acquire(timeout=10), "it may have changed every table"


def test_two_servers_may_tidy_at_once(home: Path, monkeypatch: pytest.MonkeyPatch):
    gone = [f"202611230000{number:02d}000000-00000000" for number in range(journal.KEPT + 5)]
    monkeypatch.setattr(journal, "names", lambda: gone)  # as listed before the other one deleted them
    name, file = journal.create({})
    file.close()
    assert journal.path(name).exists()


def test_journals_are_in_the_order_in_which_they_were_begun(home: Path):
    begun = []
    for _ in range(20):
        name, file = journal.create({})
        file.close()
        begun.append(name)
    assert journal.names() == begun


def past(name: str, *more: tuple[str, Any]) -> None:
    """Write the journal of a job that has ended."""
    file = journal.path(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [("head", {"verb": "version", "form": {}}), *more, ("done", {})]
    file.write_text("".join(json.dumps({"at": 1.0, "kind": kind, "data": data}) + "\n" for kind, data in lines))
