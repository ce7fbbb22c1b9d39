"""``run --watch``: the service follows its cell."""

import re
import threading
import time
import urllib.error
import urllib.request
import uuid

import pytest

from jupyter_modelpack.commands import perform
from jupyter_modelpack.commands.grammar.parse import parse
from jupyter_modelpack.errors import BuildFailed
from jupyter_modelpack.events import Reporter

CELL = "%%package --name {name} --sample 1 {more}\ndef init(): {init}\ndef run(data): return {value}\n"

pytestmark = pytest.mark.network


@pytest.fixture(params=["process", "docker"])
def notebook(request, shell, base_image, monkeypatch):
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setenv("MODELPACK_ENGINE", request.param)
    if request.param == "docker":
        monkeypatch.setenv("DOCKER_HOST", request.getfixturevalue("docker_host"))
    name = f"watched-{uuid.uuid4().hex[:8]}"

    def cell(value: object, init: str = "...", more: str = "", image: str = name):
        return shell.run_cell(CELL.format(name=image, value=value, init=init, more=more))

    yield shell, name, cell
    shell.run_cell(f"%modelpack kill {name}")


def score(shell, name: str) -> object:
    return shell.run_cell(f"%modelpack score --service {name}").result.result.value


def test_an_edited_cell_is_served_without_a_restart(notebook, capsys) -> None:
    shell, name, cell = notebook
    assert cell(1).success
    assert shell.run_cell("%modelpack run --port 0 --env-var GREETING=hello --watch --as first").success
    service = shell.user_ns["first"]
    assert score(shell, name) == 1
    capsys.readouterr()
    assert cell(2).success
    said = capsys.readouterr().out
    assert re.search(rf"    {name} serves the new script after \d", said)
    assert "swapped" not in said
    assert score(shell, name) == 2
    [row] = [row for row in shell.run_cell("%modelpack services").result.result.rows if row.name == name]
    package = shell.run_cell("%modelpack packages").result.result.rows[0]
    assert (row.id, row.port) == (service.id, service.port)
    assert row.image.endswith(f"@{package.digest}")  # what runs is a package
    # ... so that running this package finds it running.
    assert shell.run_cell(f"%modelpack run --port {service.port} --env-var GREETING=hello --watch").result.result.before

    for more, image, value in (("--dry-run", name, 3), ("--dockerfile", name, 4), ("", f"other-{name}", 5)):
        assert cell(value, more=more, image=image).success  # none of these concerns the service
    assert score(shell, name) == 2

    failed = cell(6, init="no_such_name")
    assert isinstance(failed.error_in_exec, BuildFailed)
    assert "no_such_name" in str(failed.error_in_exec)
    assert score(shell, name) == 2  # the one before goes on
    assert cell(7).success
    assert score(shell, name) == 7


def test_more_than_an_edited_script_swaps_the_service_in_place(notebook, capsys) -> None:
    shell, name, cell = notebook
    read = "__import__('os').environ.get('GREETING'), __import__('os').environ.get('MORE')"
    assert cell(1).success
    assert shell.run_cell("%modelpack run --port 0 --env-var GREETING=hello --watch --as first").success
    capsys.readouterr()
    assert cell(read, more="--env-var MORE=much").success
    said = capsys.readouterr().out
    assert f"differs from what runs in more than its script: the image's settings, variables or sample. {name}" in said
    assert re.search(rf"    {name} was swapped and answers after \d", said)
    assert score(shell, name) == ["hello", "much"]
    [row] = [row for row in shell.run_cell("%modelpack services").result.result.rows if row.name == name]
    assert row.port == shell.user_ns["first"].port
    assert row.id != shell.user_ns["first"].id
    assert cell(3, more="--env-var MORE=much").success
    assert "serves the new script" in capsys.readouterr().out
    assert score(shell, name) == 3


def test_an_edit_is_answered_in_a_quarter_of_a_second(notebook) -> None:
    shell, _, cell = notebook
    cell(0)
    started = time.perf_counter()
    shell.run_cell("%modelpack run --port 0 --watch --as service")
    started = time.perf_counter() - started
    url = shell.user_ns["service"].scoring_uri.replace("localhost", "127.0.0.1")
    failures: list[str] = []

    def served(wanted: bytes) -> None:
        while True:
            try:
                with urllib.request.urlopen(urllib.request.Request(url, b"1"), timeout=20) as answer:
                    if answer.read() == wanted:
                        return
            except (OSError, urllib.error.HTTPError) as error:
                failures.append(repr(error))
                return
            time.sleep(0.01)

    took = []
    for value in range(1, 6):
        asking = threading.Thread(target=served, args=(str(value).encode(),))
        asking.start()
        began = time.perf_counter()
        seen = threading.Thread(target=lambda: (asking.join(), took.append(time.perf_counter() - began)))  # noqa: B023
        seen.start()
        assert cell(value).success
        seen.join(20)
    print("from an edited cell to the first new answer:", [round(seconds, 3) for seconds in took])
    assert failures == []
    # A quarter of a second on a machine of one's own; a busy one slows both alike.
    assert min(took) < max(0.25, started / 3)


def test_reload_is_a_verb_of_its_own(notebook, capsys) -> None:
    shell, name, cell = notebook
    cell(1)
    shell.run_cell("%modelpack run --port 0")
    refused = shell.run_cell("%modelpack reload").error_in_exec
    assert f"{name} takes no new script while it runs" in str(refused)
    assert shell.run_cell("%modelpack run --port 0 --watch --as service").success  # started again, to be watched
    assert shell.run_cell("%modelpack run --port 0").result.result.before  # forgets the cell, serves on
    assert cell(2).success
    assert score(shell, name) == 1
    assert shell.run_cell("%modelpack reload").result.result.service.id == shell.user_ns["service"].id
    assert score(shell, name) == 2
    cell(3, more="--env-var MORE=much")
    refused = shell.run_cell("%modelpack reload").error_in_exec
    assert "differs from what runs in more than its script" in str(refused)
    assert score(shell, name) == 2
    first = shell.run_cell("%modelpack packages").result.result.rows[-1]
    assert shell.run_cell(f"%modelpack reload {first.reference}").success
    assert score(shell, name) == 1


def test_a_service_that_was_killed_or_is_not_watched_stays_as_it_is(notebook) -> None:
    shell, name, cell = notebook
    cell(1)
    shell.run_cell("%modelpack run --port 0 --watch")
    shell.run_cell(f"%modelpack kill {name}")
    assert cell(2).success
    rows = shell.run_cell("%modelpack services").result.result.rows
    assert [row.state for row in rows if row.name == name] == ["exited"]
    shell.run_cell("%modelpack run --port 0")
    assert cell(3).success
    assert score(shell, name) == 2


def test_a_service_that_was_killed_elsewhere_is_no_error_of_the_cell(notebook, capsys) -> None:
    shell, name, cell = notebook
    cell(1)
    shell.run_cell("%modelpack run --port 0 --watch")
    perform(parse(["kill", name], "shell"), Reporter())
    assert cell(2).success
    assert f"{name} runs no more, so nothing is reloaded." in capsys.readouterr().out
    shell.run_cell("%modelpack run --port 0 --watch")
    assert cell(3).success
    assert score(shell, name) == 3
