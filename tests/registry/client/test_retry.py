"""How often, after how long and for how long a registry is asked again, when nothing says otherwise."""

import time

import pytest

from jupyter_modelpack.errors import Unavailable
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.registry.client.retry import Again, Policy, Retry


class Clock(Reporter):
    """Time that passes only while something waits."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.pauses = 0.0, list[float]()

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


def test_it_is_asked_five_times_at_growing_intervals(clock: Clock) -> None:
    retry = Retry(Policy(), clock, "Reading x")
    for _ in range(4):
        retry.wait(Again("it answered 503"))
    with pytest.raises(Unavailable, match=r"failed 5 times: it answered 503\."):
        retry.wait(Again("it answered 503"))
    assert [pause == pytest.approx(2**number, rel=0.2) for number, pause in enumerate(clock.pauses)] == [True] * 4


def test_it_is_asked_for_five_minutes_at_most(clock: Clock) -> None:
    retry = Retry(Policy(tries=1000), clock, "Reading x")
    for _ in range(30):
        retry.wait(Again("it answered 503", after=10))
    with pytest.raises(Unavailable, match="failed 31 times"):
        retry.wait(Again("it answered 503", after=10))
    assert clock.now == 300


def test_progress_begins_the_count_again(clock: Clock) -> None:
    retry = Retry(Policy(), clock, "Reading x")
    for _ in range(20):
        retry.wait(Again("the connection broke"))
        retry.progressed()
    assert max(clock.pauses) <= 1.2
