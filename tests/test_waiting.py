"""Ctrl-C ends a wait of the main thread, also when the signal's wake-up was lost."""

import _thread
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from io import StringIO

import pytest

from jupyter_modelpack.errors import Cancelled
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.render.presenter import TextPresenter, VerbTask
from jupyter_modelpack.waiting import items_of, result_of, until

# `interrupt_main` does what a signal does whose wake-up is lost: it marks the signal as come and wakes nobody.


@pytest.mark.parametrize(
    "wait",
    [
        lambda: until(threading.Event()),
        lambda: result_of(Future()),
        lambda: list(items_of(queue.Queue())),
    ],
    ids=["event", "future", "queue"],
)
@pytest.mark.timeout(10)
def test_a_lost_wake_up_does_not_lose_the_interrupt(wait: Callable[[], object]) -> None:
    threading.Timer(0.05, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        wait()


@pytest.mark.timeout(10)
def test_a_job_is_cancelled_although_the_wake_up_was_lost() -> None:
    def work(report: Reporter) -> None:
        threading.Timer(0.05, _thread.interrupt_main).start()
        while True:
            report.check()

    with pytest.raises(Cancelled):
        TextPresenter(StringIO()).present(VerbTask(work, lambda made: made))


def test_what_is_waited_for_is_given() -> None:
    done: Future[int] = Future()
    items: queue.Queue[int | None] = queue.Queue()
    for item in (1, 2, None):
        items.put(item)
    threading.Timer(0.05, done.set_result, [3]).start()
    assert result_of(done) == 3
    assert list(items_of(items)) == [1, 2]
