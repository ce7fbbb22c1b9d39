"""What a notebook means when it names no workspace, no package and no engine."""

import signal
import subprocess
import threading

import pytest

from jupyter_modelpack import Workspace
from jupyter_modelpack.catalog import package_record
from jupyter_modelpack.catalog.package_record import PackageFacts
from jupyter_modelpack.commands.run import run as run_package
from jupyter_modelpack.engine.select import choose
from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.events import Reporter
from tests.commands.packages import PROGRAM, modelpack, put_package
from tests.engine import tiny
from tests.faults.workload import register


def run(shell, cell: str):
    return shell.run_cell(cell, store_history=False)


OPEN = "from jupyter_modelpack import Workspace\nws = Workspace.create('x', exist_ok=True)"


def test_the_workspace_that_was_opened_last_is_used_and_named(shell, capsys):
    run(shell, OPEN)
    register(Workspace.get("x").path, "m", b"x")
    capsys.readouterr()
    shown = run(shell, "%modelpack models").result
    assert [row.name for row in shown.result.rows] == ["m"]
    assert capsys.readouterr().out.startswith("In workspace x, the one that this notebook opened last.\n")
    assert run(shell, "%modelpack models").result.result.workspace == "x"
    assert "In workspace" not in capsys.readouterr().out  # it is said once
    Workspace.create("y")
    assert run(shell, "%modelpack models --workspace x").result.result.workspace == "x"
    assert run(shell, "%modelpack models").result.result.workspace == "y"  # that one was typed once, and opened no more
    run(shell, "Workspace.list()")
    assert run(shell, "%modelpack models").result.result.workspace == "y"
    Workspace.get("y").delete()
    Workspace.create("x", exist_ok=True)
    assert run(shell, "%modelpack models").result.result.workspace == "x"


def test_a_package_of_another_workspace_is_not_meant_any_more(shell):
    ws = Workspace.create("x")
    put_package(ws)
    assert run(shell, "%modelpack delete package adder --dry-run").result.result.names == ("adder:1",)
    Workspace.create("y")
    done = run(shell, "%modelpack delete package adder --dry-run")
    assert isinstance(done.error_in_exec, NotFound)
    assert done.error_in_exec.hint.startswith("It is in workspace x: add --workspace x. ")


@pytest.mark.parametrize("words", [["models", "m"], ["delete", "model", "m"], ["delete", "model", "m:1"]])
def test_a_model_of_another_workspace_is_named_with_it(words):
    register(Workspace.create("x").path, "m", b"x")
    done = modelpack(*words)
    assert done.returncode == 3
    assert "It is in workspace x: add --workspace x." in done.stderr
    assert modelpack(*words, "--workspace", "x", *(["--dry-run"] if words[0] == "delete" else [])).returncode == 0


def test_a_cell_is_told_where_its_model_is(shell):
    register(Workspace.create("x").path, "m", b"x")
    Workspace.default()
    done = run(shell, "%%package --model m\ndef init(): ...\ndef run(data): return 1\n")
    assert done.error_in_exec.hint == "It is in workspace x: add --workspace x."


@pytest.fixture
def served(docker_host, base_image, monkeypatch):
    """The name of a package in the default workspace that Docker runs."""
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    ws = Workspace.default()
    image = tiny.image(base_image, ws.path)
    made = ws.store.put_bytes(image.descriptor.media_type, image.raw)
    package_record.write(ws.store, "where-tiny", "1", made, PackageFacts())
    yield "where-tiny"
    engine = choose("docker")
    for one in engine.services():
        if one.name == "where-tiny" and one.mine:
            engine.remove(engine.kill(one))


@pytest.mark.engine
def test_a_service_is_found_in_the_engine_that_was_typed(shell, served):
    assert run(shell, f"%modelpack run {served} --engine docker --port 0").success
    scored = run(shell, "%modelpack score '[1, 2]'")
    assert scored.success, scored.error_in_exec
    assert scored.result.result.value == [1, 2]
    assert run(shell, "%modelpack kill").success


@pytest.mark.engine
def test_an_interrupted_run_leaves_no_container(served):
    engine = choose("docker")
    words = [PROGRAM, "run", served, "--engine", "docker", "--port", "0", "--env-var", "READY_AFTER=1000"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "Starting" in line:
                break
        threading.Timer(2, process.send_signal, [signal.SIGINT]).start()
        said = process.stderr.read()
    assert process.returncode == 130
    assert said.splitlines()[-1] == f"modelpack: Cancelled; {served} was ended before it answered."
    with pytest.raises(NotFound):
        engine.find(served)


@pytest.mark.engine
def test_two_clicks_on_run_start_one_service(served):
    engine = choose("docker")
    first = run_package(Reporter(), package=served, engine="docker", port=0)
    engine.kill(first.service)
    found, errors = [], []

    def click():
        try:
            found.append(run_package(Reporter(), package=served, engine="docker", port=0).service)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is to show it
            errors.append(error)

    clicks = [threading.Thread(target=click) for _ in range(3)]
    [one.start() for one in clicks]
    [one.join() for one in clicks]
    assert errors == []
    assert len({one.id for one in found}) == 1
