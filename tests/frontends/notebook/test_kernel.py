"""The magics in a real kernel: what a front end gets to see of an interrupt and of a mistake."""

import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

from tests.services.silent_index import silent_index

LOAD = "%load_ext jupyter_modelpack"
CELL = "%%package --requirements endless.txt\ndef init(): ...\ndef run(data): return 1\n"


@pytest.fixture
def kernel(tmp_path, base_image, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    monkeypatch.setenv("MODELPACK_WIDGETS", "0")
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def messages(client, code: str, on_text=lambda _text: None):
    """Run a cell; return its outputs."""
    asked, found = client.execute(code), []
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != asked:
            continue
        content = message["content"]
        if message["msg_type"] == "status" and content["execution_state"] == "idle":
            return found
        if message["msg_type"] == "stream":
            on_text(content["text"])
        if message["msg_type"] in {"stream", "error", "execute_result"}:
            found.append({"type": message["msg_type"], **content})


def test_an_interrupt_cancels_within_a_second_and_leaves_nothing(kernel, home: Path, tmp_path: Path) -> None:
    manager, client = kernel
    messages(client, LOAD)
    interrupted = []

    def interrupt(text: str) -> None:
        if "Resolving" in text and not interrupted:
            interrupted.append(time.monotonic())
            manager.interrupt_kernel()

    with silent_index() as index:
        (tmp_path / "endless.txt").write_text(f"--index-url {index}\nsome-project\n")
        *_, last = messages(client, CELL, interrupt)
    assert interrupted
    assert time.monotonic() - interrupted[0] < 1
    assert (last["type"], last["ename"]) == ("error", "Cancelled")
    assert last["traceback"] == ["\x1b[31mCancelled: Cancelled; nothing half made was left behind.\x1b[0m"]
    shown = messages(client, "%modelpack packages")[-1]
    assert "holds no package yet" in shown["data"]["text/plain"]
    assert [path for path in home.rglob(".tmp-*") if path.is_file()] == []
    assert messages(client, "1 + 1")[0]["data"]["text/plain"] == "2"


def test_lines_of_the_api_land_in_the_cell_that_asked(kernel, tmp_path: Path) -> None:
    _, client = kernel
    (tmp_path / "m.pkl").write_bytes(b"0")
    messages(client, LOAD)
    found = messages(client, "%modelpack register m.pkl")
    assert "Registering model m" in "".join(each["text"] for each in found if each["type"] == "stream")
    assert found[-1]["data"]["text/html"].startswith("<div")


def test_a_mistake_stops_a_notebook_that_runs_unattended(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    cells = [LOAD, "%modelpack models nosuch", "reached = True"]
    notebook = nbformat.from_dict(new_notebook(cells=[new_code_cell(cell) for cell in cells]))
    with pytest.raises(CellExecutionError) as caught:
        NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert caught.value.ename == "NotFound"
    [error] = notebook.cells[1].outputs
    assert error.traceback[0] == (
        "\x1b[31mNotFound: No model named 'nosuch' is registered in workspace 'default'.\x1b[0m"
    )
    assert not any("Traceback" in line for line in error.traceback)
    assert notebook.cells[2].execution_count is None
