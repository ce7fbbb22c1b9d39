"""Proof of a package from a notebook: above a cell, in a line, by variables."""

import pytest

from jupyter_modelpack.proof.ask import ProofFailed

CELL = """%%package --name proved --sample rows --as package
import json, sys
def init(): ...
def run(data): return [sum(row) {more} for row in json.loads(data)["data"]]
"""


@pytest.mark.network
def test_a_cell_is_proven_and_a_line_repeats_it(shell, base_image, monkeypatch, capsys):
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    shell.user_ns["rows"] = {"data": [[1, 2], [3, 4]]}
    made = shell.run_cell(CELL.replace("{more}", "")).result.result
    assert (made.proof.state, made.proof.rows) == ("proven", 2)
    assert "proof      proven: 2 of 2 equal, largest difference 0" in repr(shell.user_ns["_"])

    shell.user_ns["other"] = {"data": [[5]]}
    shell.run_cell("%modelpack prove --sample other --as proof")
    assert repr(shell.user_ns["proof"]) == "Proof(proven: 1 of 1 equal, largest difference 0)"

    capsys.readouterr()
    refused = shell.run_cell(CELL.replace("{more}", "+ len(sys.prefix)")).error_in_exec
    assert isinstance(refused, ProofFailed)
    assert "row 1: the notebook says " in capsys.readouterr().out
    assert [row.reference for row in shell.run_cell("%modelpack packages").result.result.rows] == [made.reference]
