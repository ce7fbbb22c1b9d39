"""Requests a second and latency from counters that only grow."""

from jupyter_modelpack.engine.service_metrics import Traffic
from jupyter_modelpack.frontends.live.stats import WINDOW_SECONDS, Stats

ENDLESS = float("inf")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_said_of_a_service_that_keeps_no_metrics() -> None:
    stats = Stats()
    stats.add(None)
    assert stats.summary() == {}


def test_rate_and_latency_are_of_what_came_between_two_looks() -> None:
    clock = Clock()
    stats = Stats(clock)
    stats.add(Traffic(100, 50.0, 7, {0.005: 0, ENDLESS: 100}))
    clock.now += 10
    stats.add(Traffic(140, 50.2, 8, {0.005: 39, ENDLESS: 140}))
    found = stats.summary()
    assert (found["requests"], found["failures"], found["rate"], found["most"]) == (140, 8, 4.0, 5.0)
    assert abs(found["mean"] - 5.0) < 1e-6


def test_what_is_older_than_the_window_no_longer_counts() -> None:
    clock = Clock()
    stats = Stats(clock)
    for number in range(10):
        stats.add(Traffic(100 if number else 0, 1.0, 0))
        clock.now += WINDOW_SECONDS / 4
    found = stats.summary()
    assert (found["requests"], found["rate"], found["mean"], found["most"]) == (100, 0.0, None, None)


def test_a_service_that_was_started_again_begins_anew() -> None:
    clock = Clock()
    stats = Stats(clock)
    stats.add(Traffic(100, 1.0, 0))
    clock.now += 1
    stats.add(Traffic(3, 0.1, 0))
    assert stats.summary()["rate"] is None
    assert stats.summary()["requests"] == 3


def test_a_first_request_is_no_rate() -> None:
    clock = Clock()
    stats = Stats(clock)
    stats.add(Traffic(0, 0.0, 0))
    clock.now += 0.3
    stats.add(Traffic(1, 0.1, 0))
    assert (stats.summary()["requests"], stats.summary()["rate"]) == (1, None)


def test_slower_than_every_bound_is_told_as_not_known() -> None:
    clock = Clock()
    stats = Stats(clock)
    stats.add(Traffic(0, 0.0, 0, {0.005: 0, ENDLESS: 0}))
    clock.now += 1
    stats.add(Traffic(2, 60.0, 0, {0.005: 0, ENDLESS: 2}))
    assert stats.summary()["most"] is None
