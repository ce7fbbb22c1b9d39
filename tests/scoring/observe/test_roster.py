"""What is known of workers that do not start."""

from jupyter_modelpack.scoring.observe.roster import TRIES, Roster


def test_how_a_worker_died_last_is_told_and_not_what_it_said_before():
    roster = Roster(1)
    roster.starting(0)
    roster.explain(0, "init() raised OSError")
    assert roster.failed(0, "its process ended with exit code 3", explained=True) == 1
    assert roster.reason(0) == "init() raised OSError"
    for tries in range(2, TRIES + 1):
        roster.starting(0)
        assert roster.failed(0, "its process was killed", explained=False) == tries
    assert roster.troubles() == ["worker 1 of 1 cannot start, tried 3 times: its process was killed"]
