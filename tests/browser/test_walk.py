"""What a person does, in JupyterLab and in Notebook 7: package, cancel, run, score, kill."""

import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.notebook import Notebook

pytestmark = [pytest.mark.engine, pytest.mark.network]

LOAD = "%load_ext jupyter_modelpack"
SCRIPT = """import json

def init():
    print("the model is loaded")

def run(data):
    return [sum(row) for row in json.loads(data)["data"]]
"""
OTHER = "import time\nfor _ in range(20):\n    time.sleep(0.1)\nprint('the other cell is done')"
STATE = re.compile("done|failed|cancelled")


@pytest.fixture
def name() -> str:
    return f"walk-{uuid.uuid4().hex[:8]}"


@pytest.fixture(params=["lab", "notebook"])
def app(request) -> str:
    return request.param


def slow(name: str) -> str:
    """A build that takes a moment: nothing of this requirement is cached under this name."""
    return f"%%package --name {name} --pip no-such-project-{name}\n{SCRIPT}"


def test_package_run_score_kill(page, jupyter, app, name, tmp_path: Path):
    cells = [LOAD, f"%%package --name {name}\n{SCRIPT}", OTHER, f"%modelpack run {name} --port 0", "print(1 + 1)"]
    notebook = Notebook(page, jupyter, app, cells, f"{name}.ipynb")
    notebook.finish(0)
    notebook.finish(1)  # comes back at once
    panel = notebook.panel(1)
    expect(panel).to_be_visible()
    notebook.run(2)
    panel.locator("summary").filter(has_text="Log").click()
    log = panel.get_by_role("log")
    expect(log).to_contain_text("==>")  # the log moves while the other cell runs
    expect(panel).to_have_attribute("data-state", "done")
    expect(notebook.cell(2)).to_contain_text("the other cell is done")
    expect(panel).to_contain_text(f"/{name}:")
    expect(panel).to_contain_text(re.compile("sha256:[0-9a-f]{64}"))

    panel.get_by_role("button", name="Run", exact=True).click()
    service = panel.get_by_role("group", name="Service")
    expect(service.get_by_role("status").first).to_have_text("ready")
    request = service.get_by_label("Request")
    request.fill('{"data": [[40, 2], [1, 1]]}')
    service.get_by_role("button", name="Score").click()
    expect(service.locator(".mp-answer")).to_have_text(re.compile(r"\[\s*42,\s*2\s*\]"))
    expect(service).to_contain_text(re.compile(r"200 in [\d.]+ ms"))
    service.locator("summary").filter(has_text="Logs").click()
    expect(service.get_by_role("log")).to_contain_text("the model is loaded")
    request.fill('{"nodata": 1}')
    service.get_by_role("button", name="Score").click()
    expect(service).to_contain_text("answered 500")

    service.get_by_role("button", name="Copy as curl").click()
    expect(service.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith(
        "curl -H 'Content-Type: application/json' --data '{"
    )

    panel.get_by_role("button", name="Kill").first.click()
    expect(service).to_contain_text("ended")
    expect(service.get_by_role("button", name="Score")).to_be_disabled()

    [output] = notebook.save().cells[1].outputs
    assert output.data["text/plain"].startswith("Packaged ")
    assert f"/{name}:" in output.data["text/html"]


def test_cancel_and_again(page, jupyter, app, name):
    cells = [
        LOAD,
        f"%%package --name {name} --pip scipy\n{SCRIPT}",
        f"%%package --name {name}\n{SCRIPT}",
        "%modelpack packages",
    ]
    notebook = Notebook(page, jupyter, app, cells, f"{name}.ipynb")
    notebook.finish(0)
    notebook.finish(1)
    panel = notebook.panel(1)
    panel.get_by_role("button", name="Cancel").click()
    expect(panel).to_have_attribute("data-state", "cancelled")
    expect(panel).to_contain_text("nothing half made was left behind")
    notebook.finish(2)
    expect(notebook.panel(2)).to_have_attribute("data-state", "done")


def test_a_failed_build_shows_stage_lines_and_remedy(page, jupyter, name):
    notebook = Notebook(page, jupyter, "lab", [LOAD, slow(name), "%modelpack run"], f"{name}.ipynb")
    notebook.finish(0)
    notebook.finish(1)
    panel = notebook.panel(1)
    expect(panel).to_have_attribute("data-state", "failed")
    alert = panel.get_by_role("alert")
    expect(alert).to_contain_text(f"no-such-project-{name}")
    expect(panel).not_to_contain_text("Traceback")
    expect(panel.locator('li[data-state="failed"]')).to_have_count(1)
    # What comes after must not run something older in its place.
    notebook.finish(2)
    expect(notebook.cell(2)).to_contain_text(f"no-such-project-{name}")


def test_waiting_shows_the_same_panel_and_the_documented_last_line(page, jupyter, name):
    script = name.replace("-", "_")
    (jupyter.notebooks / f"{script}.py").write_text(SCRIPT)
    api = f"""from jupyter_modelpack import Environment, InferenceConfig, Model, Workspace
ws = Workspace.create("tutorial", exist_ok=True)
config = InferenceConfig(entry_script="{script}.py", environment=Environment("plain"))
package = Model.package(ws, [], config)
package.wait_for_creation(show_output=True)"""
    notebook = Notebook(
        page, jupyter, "lab", [api, "print((await package) is package, package.state)"], f"{name}.ipynb"
    )
    notebook.finish(0)
    expect(notebook.panel(0)).to_have_attribute("data-state", "done")
    expect(notebook.cell(0)).to_contain_text("Package creation Succeeded")
    notebook.finish(1)
    expect(notebook.cell(1)).to_contain_text("True Succeeded")


def test_a_restart_of_the_kernel_loses_nothing(page, jupyter, name):
    cells = [
        LOAD,
        f"%%package --name {name} --wait\n{SCRIPT}",
        f"%modelpack run {name} --port 0",
        "%modelpack panel",
        f"%modelpack kill {name}",
    ]
    notebook = Notebook(page, jupyter, "lab", cells, f"{name}.ipynb")
    for number in (0, 1, 2):
        notebook.finish(number)
    expect(notebook.panel(1)).to_have_attribute("data-state", "done")
    notebook.restart()
    notebook.finish(0)
    notebook.finish(3)
    panel = notebook.panel(3)
    panel.get_by_role("tab", name="Packages").click()
    expect(panel.locator("tbody")).to_contain_text(f"/{name}:")
    panel.get_by_role("tab", name="Services").click()
    panel.get_by_role("searchbox").fill(name)
    expect(panel.locator("tbody")).to_contain_text(f"{name}")
    panel.get_by_role("button", name=f"Open {name}").click()
    service = panel.get_by_role("group", name="Service")
    expect(service.get_by_role("status").first).to_have_text("ready")
    notebook.finish(2)  # does not start a second one
    expect(notebook.panel(2)).to_contain_text("ready")
    notebook.finish(4)
    expect(service).to_contain_text("ended")
