"""Steps on disk: how many some work takes, and a child that dies at one of them."""

import os

from jupyter_modelpack.store import failpoints
from tests.faults.child import Child


def steps_of(work, monkeypatch) -> int:
    monkeypatch.setenv(failpoints.VARIABLE, "kill@1000000000")
    before = failpoints.reached()
    work()
    steps = failpoints.reached() - before - 1
    monkeypatch.delenv(failpoints.VARIABLE)
    return steps


def killed_at(step: int, work) -> Child:
    def run(say):
        os.environ[failpoints.VARIABLE] = f"kill@{failpoints.reached() + 1 + step}"
        work(say)

    return Child(run)
