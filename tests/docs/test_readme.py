"""The README's cells work as they are pasted, and its commands are those that decide."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

from tests.services import CHECKOUT

README = (CHECKOUT / "README.md").read_text()
CELLS = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)

PROGRAM = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for cell in json.loads(sys.argv[1]):
    shell.run_cell(cell).raise_error()
print("SCORES", shell.user_ns["scores"])
"""


@pytest.mark.network
def test_its_cells_work_as_pasted(base_image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    cells = [*CELLS, "%modelpack run --port 0", "%modelpack score --as scores", "%modelpack kill"]
    argv = [sys.executable, "-c", PROGRAM, json.dumps(cells)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "proven: 2 of 2 equal, largest difference 0" in done.stdout
    said, scores = done.stdout.splitlines()[-1].split(maxsplit=1)
    rows, targets = load_diabetes(return_X_y=True)
    assert said == "SCORES"
    assert json.loads(scores) == pytest.approx(Ridge().fit(rows, targets).predict(rows[:2]).tolist(), rel=1e-9)


def test_it_is_one_screen():
    assert len(README.splitlines()) <= 70


def test_its_test_command_is_what_decides_whether_a_change_lands():
    [command] = re.findall(r"^make test\b", README, re.MULTILINE)
    assert (CHECKOUT / ".ci" / "run").read_text().splitlines()[-1] == command


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (CHECKOUT / page).read_text())
    assert [link for link in links if not (CHECKOUT / link).exists()] == []
