"""Models that a cell names by a path."""

import os
from pathlib import Path

import pytest

from jupyter_modelpack.analysis import file_state
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.commands.find_models import find_models
from jupyter_modelpack.events import Reporter
from tests.catalog.io_counter import read_so_far

SIZE = 4 << 20


@pytest.mark.parametrize("what", ["a file", "a folder"])
def test_a_model_that_has_not_changed_is_not_read_when_its_cell_is_run_again(tmp_path: Path, monkeypatch, what):
    monkeypatch.setattr(file_state, "SETTLED_NS", -1)
    named = tmp_path / "model"
    weights = named / "weights.bin" if what == "a folder" else named
    weights.parent.mkdir(exist_ok=True)
    weights.write_bytes(os.urandom(SIZE))

    def run() -> tuple[str, int]:
        before = read_so_far()
        [model] = find_models(Workspace.default(), [str(named)], Reporter())
        return model.id, read_so_far() - before

    first, read = run()
    assert read > SIZE
    again, read = run()
    assert (again, read < SIZE // 4) == (first, True)
    with weights.open("r+b") as file:
        file.write(b"edited")
    changed, read = run()
    assert changed == "model:2"
    assert read > SIZE
