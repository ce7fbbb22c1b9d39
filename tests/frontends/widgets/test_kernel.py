"""Panels as a kernel speaks of them: comm messages, outputs, interrupts."""

import time
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from jupyter_modelpack.frontends.widgets.panel import WIDGET

LOAD = "%load_ext jupyter_modelpack"
CELL = "def init(): ...\ndef run(data): return 1\n"

pytestmark = pytest.mark.network


class Watched:
    """A kernel whose every message on the public channel is kept."""

    def __init__(self, client) -> None:
        self.client, self.seen = client, []

    def until(self, wanted, seconds: float = 60):
        """Read until a message is `wanted`; return it."""
        deadline = time.monotonic() + seconds
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.01, deadline - time.monotonic()))
            self.seen.append(message)
            if wanted(message):
                return message

    def run(self, code: str) -> list[dict]:
        """Run a cell to its end; return the messages of that time."""
        asked, start = self.client.execute(code), len(self.seen)
        self.idle(asked)
        return self.seen[start:]

    def idle(self, asked: str) -> None:
        """Wait until a cell has ended."""
        self.until(
            lambda one: (
                one["msg_type"] == "status"
                and one["content"]["execution_state"] == "idle"
                and one["parent_header"].get("msg_id") == asked
            )
        )

    def send(self, comm: str, content: dict) -> None:
        """Say what a page would say to a panel."""
        message = self.client.session.msg(
            "comm_msg", {"comm_id": comm, "data": {"method": "custom", "content": content}}
        )
        self.client.shell_channel.send(message)

    def status(self, state: str):
        """Wait until a panel's build is in `state`."""
        return self.until(lambda one: _state(one) == state)


def _state(message: dict) -> str | None:
    return (
        message["content"].get("data", {}).get("state", {}).get("status", {}).get("state")
        if (message["msg_type"] == "comm_msg")
        else None
    )


@pytest.fixture
def kernel(tmp_path, base_image, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    watched = Watched(client)
    watched.run(LOAD)
    yield manager, watched
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def panels(messages: list[dict]) -> list[dict]:
    return [one for one in messages if WIDGET in one["content"].get("data", {})]


def test_the_cell_ends_at_once_and_the_output_follows_the_build(kernel) -> None:
    _, watched = kernel
    found = watched.run(f"%%package\n{CELL}")
    [shown] = panels(found)
    assert shown["msg_type"] == "display_data"
    assert shown["content"]["data"]["text/plain"] == "Packaging in the background ..."
    assert not any(one["msg_type"] == "stream" for one in found)
    assert watched.run("1 + 1")[-2]["content"]["data"]["text/plain"] == "2"
    renewed = watched.until(lambda one: one["msg_type"] == "update_display_data")["content"]
    assert renewed["transient"] == shown["content"]["transient"]
    assert renewed["data"]["text/plain"].startswith("Packaged ")
    assert renewed["data"][WIDGET] == shown["content"]["data"][WIDGET]
    assert not any(one["msg_type"] == "stream" for one in watched.seen)


def test_the_panel_is_there_before_a_model_is_written_out(kernel) -> None:
    _, watched = kernel
    watched.run("class Loud:\n    def __getstate__(self):\n        print('written')\n        return {}\nloud = Loud()")
    found = watched.run(f"%%package --model loud=loud\n{CELL}")
    [shown] = panels(found)
    [written] = [one for one in found if one["content"].get("text") == "written\n"]
    assert found.index(shown) < found.index(written)


@pytest.mark.parametrize(
    ("given", "said"),
    [("--workspace nosuch", "nosuch"), ("--model lock", "lock")],
)
def test_a_cell_that_asks_for_what_cannot_be_takes_its_panel_back(kernel, given, said) -> None:
    _, watched = kernel
    watched.run("import threading\nlock = threading.Lock()")
    found = watched.run(f"%%package {given}\n{CELL}")
    [shown] = panels(found)
    kinds = [one["msg_type"] for one in found]
    assert kinds.index("display_data") < kinds.index("clear_output") < kinds.index("error")
    assert found[kinds.index("clear_output")]["content"] == {"wait": True}
    closed = found[kinds.index("comm_close")]["content"]
    assert closed["comm_id"] == shown["content"]["data"][WIDGET]["model_id"]
    assert said in found[kinds.index("error")]["content"]["evalue"]


def test_interrupt_of_a_waiting_cell_cancels_within_a_second(kernel, home: Path) -> None:
    manager, watched = kernel
    asked = watched.client.execute(f"%%package --wait --pip scikit-learn\n{CELL}")
    watched.until(lambda one: "Resolving" in str(one["content"]) or "Using the lock" in str(one["content"]))
    began = time.monotonic()
    manager.interrupt_kernel()
    error = watched.until(lambda one: one["msg_type"] == "error" and one["parent_header"]["msg_id"] == asked)
    assert time.monotonic() - began < 1
    assert error["content"]["traceback"] == ["\x1b[31mCancelled: Cancelled; nothing half made was left behind.\x1b[0m"]
    watched.idle(asked)  # what is asked before is thrown away with the interrupted cell
    assert any(one["msg_type"] == "update_display_data" for one in watched.seen)
    assert [path for path in home.rglob(".tmp-*") if path.is_file()] == []
    said = [one["content"] for one in watched.run("%modelpack packages")]
    assert any("holds no package yet" in str(one) for one in said), said


def test_the_button_cancels_a_build(kernel) -> None:
    _, watched = kernel
    [shown] = panels(watched.run(f"%%package --pip scikit-learn\n{CELL}"))
    watched.send(shown["content"]["data"][WIDGET]["model_id"], {"ask": "cancel", "id": "1"})
    watched.status("cancelled")


def test_the_next_cell_waits_for_the_package_it_needs(kernel) -> None:
    _, watched = kernel
    watched.run(f"%%package --name first --as made\n{CELL}")
    assert "Running" in str(watched.run("made.state")) or "Succeeded" in str(watched.run("made.state"))
    found = watched.run("%modelpack pull")
    assert "/first:" in str(found)
    assert not any(one["msg_type"] == "error" for one in found)


def test_a_handle_can_be_awaited(kernel) -> None:
    _, watched = kernel
    watched.run(f"%%package --as made\n{CELL}")
    found = watched.run("done = await made\nprint(done is made, made.state)")
    assert "True Succeeded" in "".join(one["content"]["text"] for one in found if one["msg_type"] == "stream")


def test_without_panels_the_same_cell_writes_lines_and_blocks(kernel) -> None:
    _, watched = kernel
    watched.run("%env MODELPACK_WIDGETS=0")
    found = watched.run(f"%%package\n{CELL}")
    assert panels(found) == []
    assert "==> " in "".join(one["content"]["text"] for one in found if one["msg_type"] == "stream")
    assert found[-2]["content"]["data"]["text/plain"].startswith("Packaged ")


def test_a_notebook_that_a_program_runs_gets_lines_without_being_asked(tmp_path, base_image, monkeypatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.delenv("MODELPACK_WIDGETS", raising=False)
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in (LOAD, f"%%package\n{CELL}", "%modelpack images")])
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    _, packaged, listed = notebook.cells
    assert "==> " in packaged.outputs[0].text
    assert packaged.outputs[-1].data["text/plain"].startswith("Packaged ")
    assert "<table>" in listed.outputs[-1].data["text/html"]
    assert not any(WIDGET in one.get("data", {}) for cell in notebook.cells for one in cell.outputs)
