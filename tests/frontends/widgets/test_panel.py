"""Requests from the page: each gets its answer, none stops the kernel."""

import threading

import pytest
from traitlets import Unicode

from jupyter_modelpack.errors import BuildFailed, Cancelled
from jupyter_modelpack.events import Log, Progress, Stage
from jupyter_modelpack.frontends.widgets import esm
from jupyter_modelpack.frontends.widgets.package_panel import PackagePanel
from jupyter_modelpack.frontends.widgets.panel import Panel


class Asked(Panel):
    _esm = Unicode(esm.module("tables")).tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dict] = []
        self.answered = threading.Event()

    def actions(self):
        return {
            "echo": lambda asked: asked["text"],
            "fail": self.fail,
            "break": lambda _asked: 1 / 0,
            "leak": self.leak,
        }

    def fail(self, _asked):
        raise BuildFailed("no \x1b[31mgood", hint="try again", step="app", log_tail=("\x1b[31mred\x1b[0m",))

    def leak(self, _asked):
        raise OSError("https://ada:hush@registry.example.com/v2/ timed out")

    def send(self, content, buffers=None) -> None:
        self.sent.append(content)
        self.answered.set()

    def ask(self, **content) -> dict:
        self._handle_custom_msg(content, [])
        assert self.answered.wait(5)
        return self.sent[-1]


def test_an_answer_carries_the_number_of_its_question() -> None:
    assert Asked().ask(ask="echo", id="a-1", text="\u202e") == {"id": "a-1", "value": "\\u202e"}


def test_an_error_of_ours_has_lines_and_a_remedy() -> None:
    error = Asked().ask(ask="fail", id="a-2")["error"]
    assert error["message"] == "no \\x1b[31mgood"
    assert (error["hint"], error["step"], error["lines"]) == ("try again", "app", ["red"])


def test_an_error_of_anybody_else_is_told_too() -> None:
    assert Asked().ask(ask="break", id="a-3")["error"]["message"].startswith("ZeroDivisionError")


def test_an_error_of_anybody_else_tells_no_password() -> None:
    told = str(Asked().ask(ask="leak", id="a-4"))
    assert "registry.example.com" in told
    assert "hush" not in told


@pytest.mark.parametrize("content", ["text", {}, {"ask": "nosuch", "id": 1}, {"ask": ["echo"]}, None])
def test_what_nobody_should_send_is_ignored(content) -> None:
    panel = Asked()
    panel._handle_custom_msg(content, [])
    assert panel.sent == []


def test_a_panel_counts_as_shown_from_the_first_sign_of_life() -> None:
    panel = Asked()
    assert not panel.shown
    panel._handle_custom_msg({"ask": "here"}, [])
    assert panel.shown


def test_a_build_as_the_page_and_the_saved_notebook_see_it() -> None:
    panel = PackagePanel(lambda: None)
    assert panel.bundle()["text/plain"] == "Packaging in the background ..."
    panel.take(Stage("dependencies", "2 packages"))
    panel.take(Progress("dependencies", 5, 10))
    panel.take(Log("fetching \x1b[1mnumpy\x1b[0m"))
    panel.fail(BuildFailed("no wheel", hint="Pin it.", step="Fetching", log_tail=("404",)))
    assert panel.status["state"] == "failed"
    assert panel.backlog == {"first": 0, "lines": ["==> 2 packages", "fetching numpy"]}
    assert panel.failed["hint"] == "Pin it."
    assert panel.bundle()["text/plain"] == "no wheel\n404\nPin it."


def test_cancel_reaches_the_build_and_is_no_failure() -> None:
    stopped = threading.Event()
    panel = PackagePanel(stopped.set)
    panel._handle_custom_msg({"ask": "cancel", "id": 1}, [])
    assert stopped.wait(5)
    panel.fail(Cancelled("Cancelled; nothing half made was left behind."))
    assert panel.status["state"] == "cancelled"
