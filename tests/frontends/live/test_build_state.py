"""From events to stages: what runs, how far it is, how long it will take."""

from jupyter_modelpack.events import Progress, Stage
from jupyter_modelpack.frontends.live.build_state import BuildState


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def rows(state: BuildState) -> dict[str, dict]:
    return {row["name"]: row for row in state.rows()}


def test_the_usual_stages_wait_from_the_beginning() -> None:
    assert [row["state"] for row in BuildState().rows()] == ["waiting"] * 5


def test_a_stage_ends_when_the_next_one_begins() -> None:
    clock = Clock()
    state = BuildState(clock)
    state.take(Stage("environment", "Python 3.11"))
    clock.now = 2.0
    state.take(Stage("model", "1 model"))
    found = rows(state)
    assert (found["environment"]["state"], found["environment"]["seconds"]) == ("done", 2.0)
    assert found["environment"]["title"] == "Python 3.11"
    assert found["model"]["state"] == "running"


def test_a_stage_nobody_expected_stands_where_it_happened() -> None:
    state = BuildState()
    state.take(Stage("base", "Base image"))
    state.take(Stage("environment", "Python"))
    state.take(Stage("image", "Manifest"))
    state.take(Stage("engine", "Into docker"))
    assert [row["name"] for row in state.rows()][:2] == ["base", "environment"]
    state.end("done")
    assert [row["name"] for row in state.rows()] == ["base", "environment", "image", "engine"]


def test_the_time_that_is_left_comes_from_the_rate_so_far() -> None:
    clock = Clock()
    state = BuildState(clock)
    state.take(Stage("dependencies", "9 packages"))
    state.take(Progress("dependencies", 0, 100))
    assert rows(state)["dependencies"]["remaining"] is None
    clock.now = 2.0
    state.take(Progress("dependencies", 20, 100))
    assert rows(state)["dependencies"]["remaining"] == 8.0
    state.take(Progress("dependencies", 0, 50))  # another part of the stage: its rate is not known yet
    assert rows(state)["dependencies"]["remaining"] is None


def test_bytes_before_the_first_stage_are_shown_too() -> None:
    state = BuildState()
    state.take(Progress("model m", 5, 10))
    assert state.rows()[0]["title"] == "model m"


def test_a_failure_is_seen_at_its_stage_and_the_clock_stops() -> None:
    clock = Clock()
    state = BuildState(clock)
    state.take(Stage("dependencies", "9 packages"))
    clock.now = 3.0
    state.end("failed")
    clock.now = 9.0
    assert rows(state)["dependencies"]["state"] == "failed"
    assert state.elapsed == 3.0
    assert rows(state)["image"]["state"] == "waiting"
