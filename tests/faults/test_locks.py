"""promises.md F13 and F19: a lock has one owner, also where there is no flock and where owners die."""

import contextlib
import fcntl
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.store.lock import locked
from jupyter_modelpack.store.process_id import Owner
from tests.faults import times
from tests.faults.child import Child
from tests.faults.disk import no_flock


def contend(lock: Path, counter: Path, rounds: int, say, *, flock: bool) -> None:
    """Take the lock again and again; two owners at once would lose a count or find the other's mark."""
    if not flock:
        no_flock()
    for _ in range(rounds):
        with locked(lock, "The lock"):
            mark = os.open(counter.with_suffix(".mark"), os.O_CREAT | os.O_EXCL)
            value = int(counter.read_text())
            os.close(mark)
            counter.write_text(str(value + 1))
            counter.with_suffix(".mark").unlink()
    say("done")


def die_holding(lock: Path, *, flock: bool) -> None:
    def hold(say):
        if not flock:
            no_flock()
        with locked(lock, "The lock"):
            say("held")
            time.sleep(60)

    child = Child(hold)
    while not child.said():
        time.sleep(0.001)
    child.kill()


@pytest.mark.parametrize("flock", [True, False], ids=["flock", "no flock"])
def test_a_lock_has_one_owner_when_any_process_dies(tmp_path: Path, flock, scoreboard):
    lock, counter, races, crowd = tmp_path / "lock", tmp_path / "counter", times(12, 250), 8
    counter.write_text("0")
    rounds = 5
    for _ in range(races):
        die_holding(lock, flock=flock)
        contenders = [Child(lambda say: contend(lock, counter, rounds, say, flock=flock)) for _ in range(crowd)]
        outcomes = [one.wait() for one in contenders]
        assert [outcome.said for outcome in outcomes] == [["done"]] * crowd
    taken = races * crowd * rounds
    how = "flock" if flock else "no flock"
    lost = taken - int(counter.read_text())
    scoreboard(f"lock races ({how})", f"{taken} holdings after {races} dead owners: {lost} double or lost")
    assert int(counter.read_text()) == taken
    leftover = [path.name for path in tmp_path.iterdir() if path.name not in {"lock", "counter"}]
    assert leftover == []


def forge(lock: Path, owner: Owner) -> None:
    held = lock.with_name("lock.held")
    held.mkdir()
    (held / "owner").write_bytes(owner.to_bytes())


ME = Owner.me()
PROVABLY_DEAD = {
    "no such process": replace(ME, pid=(1 << 22) + 5),
    "its number was given again": replace(ME, started="17"),
    "before the last boot": replace(ME, boot="another boot"),
}
NOT_KNOWN = {
    "this process": ME,
    "another machine": replace(ME, machine="another", host="elsewhere", pid=1, started="1"),
    "another machine of the same name": replace(ME, machine="another", boot="another", started="1"),
    "another container": replace(ME, space="pid:[1]", started="1"),
}


@pytest.mark.parametrize("owner", PROVABLY_DEAD.values(), ids=PROVABLY_DEAD)
def test_a_dead_owner_s_lock_is_taken(tmp_path: Path, monkeypatch, owner):
    monkeypatch.setattr(fcntl, "flock", fcntl.flock)  # undone after the test
    no_flock()
    forge(tmp_path / "lock", owner)
    with locked(tmp_path / "lock", "The lock", 1):
        pass
    assert not (tmp_path / "lock.held").exists()


@pytest.mark.parametrize("owner", NOT_KNOWN.values(), ids=NOT_KNOWN)
def test_a_lock_that_may_be_held_is_left_and_named(tmp_path: Path, monkeypatch, owner):
    monkeypatch.setattr(fcntl, "flock", fcntl.flock)
    no_flock()
    forge(tmp_path / "lock", owner)
    with pytest.raises(Conflict, match=f"process {owner.pid} on {owner.host}"), locked(tmp_path / "lock", "It", 0.1):
        pass
    assert (tmp_path / "lock.held" / "owner").read_bytes() == owner.to_bytes()


def test_a_lock_that_changed_hands_is_left_alone(tmp_path: Path, monkeypatch):
    """A finds the owner dead; before it acts, B has buried it and holds the lock."""
    monkeypatch.setattr(fcntl, "flock", fcntl.flock)
    no_flock()
    forge(tmp_path / "lock", PROVABLY_DEAD["no such process"])
    held_by_b, is_dead = contextlib.ExitStack(), Owner.is_dead

    def overtaken(owner: Owner) -> bool:
        monkeypatch.setattr(Owner, "is_dead", is_dead)
        held_by_b.enter_context(locked(tmp_path / "lock", "B", 1))
        return is_dead(owner)

    monkeypatch.setattr(Owner, "is_dead", overtaken)
    with held_by_b:
        with pytest.raises(Conflict), locked(tmp_path / "lock", "A", 0.1):
            pass
        assert (tmp_path / "lock.held").exists()
    with locked(tmp_path / "lock", "A", 1):
        pass


def test_who_holds_it_is_said(tmp_path: Path):
    def hold(say):
        with locked(tmp_path / "lock", "It"):
            say("held")
            time.sleep(60)

    child = Child(hold)
    while not child.said():
        time.sleep(0.001)
    with pytest.raises(Conflict, match=f"process {child.pid} on "), locked(tmp_path / "lock", "It", 0.1):
        pass
    child.kill()


def test_who_sees_others_take_their_turns_goes_on_waiting(tmp_path: Path):
    lock, begun, turns = tmp_path / "lock", time.monotonic(), 12

    def hold(say):
        with locked(lock, "The lock"):
            say("held")
            for _ in range(turns):
                time.sleep(0.1)
                os.utime(lock)  # as each who takes it does, writing its name into it

    child = Child(hold)
    while not child.said():
        time.sleep(0.001)
    with locked(lock, "The lock", seconds=0.6):
        assert time.monotonic() - begun > turns * 0.1
    assert child.wait().status == 0


def test_a_child_does_not_keep_its_parent_s_lock(tmp_path: Path):
    with locked(tmp_path / "lock", "It"):
        child = Child(lambda _say: time.sleep(60))  # it has the same open files
    with locked(tmp_path / "lock", "It", 1):
        pass
    child.kill()
