"""The text presenter: events become lines as they come, an interrupt becomes a cancel."""

import io
import os
import signal
import threading
import time

import pytest

from jupyter_modelpack.errors import Cancelled, NotFound
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.render.presenter import TextPresenter, VerbTask


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def same(result: object) -> object:
    return result


def test_events_become_lines_and_the_result_comes_back() -> None:
    out = io.StringIO()

    def work(report: Reporter) -> int:
        report.stage("model", "1 model")
        report.log("first\nsecond \x1b[31m")
        return 7

    assert TextPresenter(out).present(VerbTask(work, lambda result: result + 1)) == 8
    assert out.getvalue() == "==> 1 model\n    first\n    second \\x1b[31m\n"


def test_an_error_of_the_work_is_raised_in_the_caller_that_waits() -> None:
    def work(_report: Reporter) -> None:
        raise NotFound("nothing there")

    with pytest.raises(NotFound, match="nothing there"):
        TextPresenter(io.StringIO()).present(VerbTask(work, same))


def test_an_interrupt_cancels_within_a_second_and_waits_for_order() -> None:
    tidy = threading.Event()

    def work(report: Reporter) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            while True:
                report.check()
                time.sleep(0.01)
        finally:
            tidy.set()

    started = time.monotonic()
    with pytest.raises(Cancelled, match="nothing half made was left behind"):
        TextPresenter(io.StringIO()).present(VerbTask(work, same))
    assert time.monotonic() - started < 1
    assert tidy.is_set()


def test_work_that_finished_in_the_same_moment_counts() -> None:
    def work(_report: Reporter) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)
        return "done"

    assert TextPresenter(io.StringIO()).present(VerbTask(work, same)) == "done"


def test_progress_is_drawn_over_in_a_terminal_and_wiped_before_the_next_line() -> None:
    out = Terminal()

    def work(report: Reporter) -> None:
        report.progress("numpy", 8_400_000, 16_000_000)
        report.log("next")

    TextPresenter(out).present(VerbTask(work, same))
    assert out.getvalue() == "\r\x1b[K    numpy: 8.4MB of 16MB\r\x1b[K    next\n"


def test_a_flood_of_progress_is_few_lines_elsewhere() -> None:
    out = io.StringIO()

    def work(report: Reporter) -> None:
        for done in range(1, 100_000):
            report.progress("numpy", done, 100_000)

    TextPresenter(out).present(VerbTask(work, same))
    assert 1 <= len(out.getvalue().splitlines()) <= 3
