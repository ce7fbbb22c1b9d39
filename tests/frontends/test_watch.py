"""``run --watch``: the service follows its cell."""

import re
import uuid

import pytest

from jupyter_modelpack.errors import BuildFailed

CELL = "%%package --name {name} --sample 1 {more}\ndef init(): {init}\ndef run(data): return {value}\n"

pytestmark = pytest.mark.network


@pytest.fixture
def notebook(shell, base_image, monkeypatch):
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    name = f"watched-{uuid.uuid4().hex[:8]}"

    def cell(value: int, init: str = "...", more: str = "", image: str = name):
        return shell.run_cell(CELL.format(name=image, value=value, init=init, more=more))

    yield shell, name, cell
    shell.run_cell(f"%modelpack kill {name}")


def score(shell, name: str) -> int:
    return shell.run_cell(f"%modelpack score --service {name}").result.result.value


def test_editing_the_cell_swaps_the_service_in_place(notebook, capsys) -> None:
    shell, name, cell = notebook
    assert cell(1).success
    assert shell.run_cell("%modelpack run --port 0 --env-var GREETING=hello --watch --as first").success
    assert score(shell, name) == 1
    capsys.readouterr()
    assert cell(2).success
    said = capsys.readouterr().out
    assert re.search(rf"    {name} was swapped and answers after \d", said)
    assert score(shell, name) == 2
    [row] = shell.run_cell("%modelpack services").result.result.rows
    assert row.port == shell.user_ns["first"].port

    assert cell(3, more="--dry-run").success  # a dry run, a Dockerfile and another image swap nothing
    assert cell(4, more="--dockerfile").success
    assert cell(5, image=f"other-{name}").success
    assert score(shell, name) == 2

    failed = cell(6, init="no_such_name")
    assert isinstance(failed.error_in_exec, BuildFailed)
    assert "no_such_name" in str(failed.error_in_exec)
    assert cell(7).success  # corrected, it is back
    assert score(shell, name) == 7


def test_a_service_that_was_killed_or_is_not_watched_stays_as_it_is(notebook) -> None:
    shell, name, cell = notebook
    cell(1)
    shell.run_cell("%modelpack run --port 0 --watch")
    shell.run_cell(f"%modelpack kill {name}")
    assert cell(2).success
    assert [row.state for row in shell.run_cell("%modelpack services").result.result.rows] == ["exited"]
    shell.run_cell("%modelpack run --port 0")
    assert cell(3).success
    assert score(shell, name) == 2
