"""What a person does, in JupyterLab and in Notebook 7: package, cancel, run, score, kill."""

import base64
import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from tests.browser.cells import LOAD, SCRIPT
from tests.browser.notebook import Notebook
from tests.services.silent_index import silent_index

pytestmark = [pytest.mark.engine, pytest.mark.network]

OTHER = "import time\nfor _ in range(20):\n    time.sleep(0.1)\nprint('the other cell is done')"
STATE = re.compile("done|failed|cancelled")


@pytest.fixture
def name() -> str:
    return f"walk-{uuid.uuid4().hex[:8]}"


@pytest.fixture(params=["lab", "notebook"])
def app(request) -> str:
    return request.param


@pytest.fixture
def endless(jupyter, name) -> Iterator[str]:
    """A requirements file beside the notebook; what is packaged with it waits until it is cancelled."""
    with silent_index() as index:
        (jupyter.notebooks / f"{name}.txt").write_text(f"--index-url {index}\nsome-project-{name}\n")
        yield f"{name}.txt"


def failing(name: str) -> str:
    """A build that fails while its requirements are resolved."""
    return f"%%package --name {name} --pip no-such-project-{name}\n{SCRIPT}"


def test_package_run_score_kill(page, jupyter, app, name):
    sample = '{"data": [[40, 2], [1, 1]]}'
    cells = [LOAD, f"%%package --name {name} --sample '{sample}'\n{SCRIPT}", OTHER]
    notebook = Notebook(page, jupyter, app, cells, f"{name}.ipynb")
    notebook.finish(0)
    notebook.finish(1)  # comes back at once
    panel = notebook.panel(1)
    expect(panel).to_be_visible()
    expect(panel.locator(".mp-log")).to_be_hidden()
    notebook.run(2)
    panel.locator("summary").filter(has_text="Log").click()
    log = panel.get_by_role("log")
    expect(log).to_contain_text("==>")  # the log moves while the other cell runs
    expect(panel).to_have_attribute("data-state", "done")
    expect(notebook.cell(2)).to_contain_text("the other cell is done")

    expect(panel).to_contain_text(f"/{name}:")
    expect(panel).to_contain_text(re.compile("sha256:[0-9a-f]{64}"))
    expect(panel.get_by_role("row", name="proof")).to_contain_text("proven: 2 of 2 equal, largest difference 0")
    expect(panel.get_by_role("row", name="size")).to_contain_text(re.compile(r"\d+(\.\d+)?MB"))
    expect(panel.locator(".mp-top")).to_contain_text(re.compile(r"\d+(\.\d)? s"))
    panel.locator("summary").filter(has_text="Stages").click()
    for stage in ("Python 3", "packages", "Entry script score.py", "Writing the manifest", "Into docker"):
        expect(panel.locator(".mp-stages")).to_contain_text(stage)
    panel.locator("summary").filter(has_text="Layers").click()
    app_layer = panel.locator(".mp-table tr").filter(has_text="app")
    expect(app_layer).to_contain_text(re.compile(r"app\s*[\d.]+k?B\s*(new|reused)"))
    buttons = panel.locator(".mp-actions").first.get_by_role("button")
    expect(buttons).to_have_text(["Run", "Score", "Logs", "Kill", "Push", "Save"])
    for label in ("Score", "Logs", "Kill"):
        expect(panel.get_by_role("button", name=label, exact=True)).to_be_disabled()

    panel.get_by_role("button", name="Run", exact=True).click()
    service = panel.get_by_role("group", name="Service")
    expect(service.get_by_role("status").first).to_have_text("ready")
    expect(service).to_contain_text(re.compile(r"docker · port \d+ · .* · up \d"))
    expect(service).to_contain_text("reaches it from this computer. Score goes through the kernel")
    request = service.get_by_label("Request")
    expect(request).to_have_value(sample)
    panel.get_by_role("button", name="Score", exact=True).first.click()
    expect(request).to_be_focused()
    service.get_by_role("button", name="Score").click()
    expect(service.locator(".mp-answer")).to_have_text(re.compile(r"\[\s*42,\s*2\s*\]"))
    assert service.locator(".mp-answer").inner_text() == "[\n  42,\n  2\n]"
    expect(service).to_contain_text(re.compile(r"200 in [\d.]+ ms"))
    request.fill('{"data": [[1, 2, 3]]}')
    request.press("Control+Enter")
    expect(service.locator(".mp-answer")).to_have_text(re.compile(r"\[\s*6\s*\]"))
    traffic = service.get_by_role("group", name="Traffic")
    expect(traffic).to_contain_text(re.compile(r"\d requests · [\d.]+ a second in the last minute · .* ms each"))
    panel.get_by_role("button", name="Logs", exact=True).click()
    expect(service.get_by_role("log")).to_contain_text("the model is loaded")
    request.fill('{"nodata": 1, "it\'s": 1}')
    service.get_by_role("button", name="Score").click()
    expect(service).to_contain_text("answered 500")
    expect(service.get_by_role("log")).to_contain_text("KeyError: 'data'")  # the log is live
    expect(traffic).to_contain_text("1 failed")

    service.locator("summary").filter(has_text="Client code").click()
    program, copier = service.get_by_label("Program"), service.locator(".mp-details .mp-choice + button")
    for language, run in (("curl", ["sh", "-c"]), ("python", [sys.executable, "-c"])):
        request.fill('{"data": [[40, 2]], "it\'s": "\\"ü\\""}')
        service.get_by_label("Language").select_option(language)
        copier.click()
        expect(copier).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        expect(program).to_have_text(copied)
        assert subprocess.run([*run, copied], capture_output=True, text=True, check=True).stdout.strip() == "[42]"
        expect(copier).to_have_text("Copy")
    request.fill("{")
    copier.click()
    expect(service.get_by_text("The data is no JSON of at most 100 levels.")).to_be_visible()
    expect(program).to_be_hidden()

    panel.get_by_role("button", name="Kill").first.click()
    expect(service).to_contain_text("ended")
    expect(service.get_by_role("button", name="Score")).to_be_disabled()

    saved = notebook.save()
    [output] = saved.cells[1].outputs
    assert output.data["text/plain"].startswith("Packaged ")
    assert f"/{name}:" in output.data["text/html"]
    converted, _ = HTMLExporter().from_notebook_node(saved)
    assert output.data["text/html"] in converted


def test_push_and_save(page, jupyter, name, cncf_registry):
    config = jupyter.notebooks.parent / "docker" / "config.json"
    config.parent.mkdir(exist_ok=True)
    pair = base64.b64encode(f"{cncf_registry.username}:{cncf_registry.password}".encode()).decode()
    config.write_text(json.dumps({"auths": {cncf_registry.address: {"auth": pair}}}))
    cells = [
        LOAD,
        f"%%package --name {name} --wait\n{SCRIPT}# {name}\n",
        f"%%package --name {name} --dockerfile --wait\n{SCRIPT}",
    ]
    notebook = Notebook(page, jupyter, "lab", [*cells, cells[1]], f"{name}.ipynb")
    for number in range(4):
        notebook.finish(number)
    panel, dockerfile, again = (notebook.panel(number) for number in (1, 2, 3))
    expect(again.get_by_role("status").first).to_have_text("Unchanged")
    expect(again).to_contain_text("ago; nothing has changed since")
    reference = panel.get_by_role("row", name="reference").locator("code").inner_text()
    expect(again).to_contain_text(reference)
    for one, app in ((panel, "new"), (again, "reused")):
        one.locator("summary").filter(has_text="Layers").click()
        expect(one.locator(".mp-table tr").filter(has_text=re.compile("^app"))).to_contain_text(app)
    expect(again).to_contain_text(re.compile(r"Layers (\d+), \1 of them reused"))

    panel.get_by_role("button", name="Push").click()
    target = panel.get_by_label("Registry and name")
    expect(target).to_be_focused()
    target.fill("no registry")
    target.press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("no registry")
    target.fill(f"{cncf_registry.address}/{name}:v1")
    target.press("Enter")
    expect(panel.locator(".mp-news")).to_contain_text(
        re.compile(f"Pushed {cncf_registry.address}/{name}:v1 in .*@sha256:")
    )
    expect(target).to_be_hidden()

    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_label("File, beside the notebook")).to_have_value(
        f"{reference.partition('/')[2].replace(':', '-')}.tar"
    )
    panel.get_by_label("File, beside the notebook").fill(f"{name}.tar")
    panel.locator(".mp-ask").get_by_role("button", name="Save").click()
    expect(panel.locator(".mp-news")).to_contain_text(f"to {name}.tar; docker load")
    assert (jupyter.notebooks / f"{name}.tar").stat().st_size > 1_000_000

    expect(dockerfile.locator(".mp-actions").get_by_role("button")).to_have_text(["Save"])
    dockerfile.get_by_role("button", name="Save").click()
    dockerfile.get_by_label("Folder, beside the notebook").fill(name)
    dockerfile.get_by_label("Folder, beside the notebook").press("Enter")
    expect(dockerfile.locator(".mp-news")).to_contain_text("files to ")
    assert (jupyter.notebooks / name / "Dockerfile").is_file()


def test_cancel_and_again(page, jupyter, app, name, endless):
    cells = [
        LOAD,
        f"%%package --name {name} --requirements {endless}\n{SCRIPT}",
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


def test_kernel_interrupt_cancels_a_cell_that_waits(page, jupyter, app, name, endless):
    cells = [LOAD, f"%%package --name {name} --wait --requirements {endless}\n{SCRIPT}", "%modelpack packages"]
    notebook = Notebook(page, jupyter, app, cells, f"{name}.ipynb")
    notebook.finish(0)
    notebook.run(1)
    panel = notebook.panel(1)
    panel.locator("summary").filter(has_text="Log").click()
    expect(panel.get_by_role("log")).to_contain_text("Resolving")
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Interrupt Kernel").click()
    notebook.ended(1)
    expect(panel).to_have_attribute("data-state", "cancelled")
    expect(panel).to_contain_text("nothing half made was left behind")
    notebook.finish(2)
    expect(notebook.cell(2)).not_to_contain_text(f"/{name}:")


BUILD = """
from jupyter_modelpack.events import Log, Stage
from jupyter_modelpack.frontends.widgets.package_panel import PackagePanel

build = PackagePanel(lambda: None)
build.take(Stage("app", "The app"))
build.take(Log("before"))
build
"""


def test_the_page_may_be_loaded_again_while_a_build_goes_on_and_a_service_runs(page, jupyter, name):
    cells = [
        LOAD,
        f"%%package --name {name} --wait --sample '{{\"data\": [[40, 2]]}}'\n{SCRIPT}",
        f"%modelpack run {name} --port 0",
        BUILD,
        "build.take(Log('after'))",
        f"%modelpack kill {name}",
    ]
    notebook = Notebook(page, jupyter, "lab", cells, f"{name}.ipynb")
    for number in range(4):
        notebook.finish(number)
    expect(notebook.panel(2).get_by_role("status").first).to_have_text("ready")
    notebook.save()
    notebook.reload()
    made, service, build = (notebook.panel(number) for number in (1, 2, 3))
    expect(made).to_have_attribute("data-state", "done")
    expect(made).to_contain_text(f"/{name}:")
    service.get_by_role("button", name="Score").click()
    expect(service.locator(".mp-answer")).to_have_text("[ 42 ]")
    expect(build.locator('li[data-state="running"]')).to_contain_text("The app")
    build.locator("summary").filter(has_text="Log").click()
    expect(build.get_by_role("log")).to_contain_text("before")
    notebook.finish(4)
    expect(build.get_by_role("log")).to_contain_text("after")
    notebook.finish(5)


def test_what_fails_says_where_why_and_what_to_do(page, jupyter, name):
    script = "def init():\n    print('loading')\n    raise OSError('no such weights')\ndef run(data): ..."
    cells = [LOAD, failing(name), "%modelpack run", f"%%package --name {name} --wait\n{script}", "%modelpack services"]
    notebook = Notebook(page, jupyter, "lab", cells, f"{name}.ipynb")
    notebook.finish(0)
    notebook.finish(1)
    panel = notebook.panel(1)
    expect(panel).to_have_attribute("data-state", "failed")
    alert = panel.get_by_role("alert")
    expect(alert).to_contain_text(f"no-such-project-{name}")
    expect(alert).to_contain_text("At: Resolving the requirements")
    expect(alert.get_by_label("Last lines")).to_contain_text("Resolving 3 requirements")
    expect(alert.locator(".mp-hint")).to_contain_text("Check the spelling")
    expect(panel).not_to_contain_text("Traceback")
    expect(panel.locator('li[data-state="failed"]')).to_have_count(1)
    # What comes after must not run something older in its place.
    notebook.finish(2)
    expect(notebook.cell(2)).to_contain_text(f"no-such-project-{name}")

    notebook.finish(3)
    made = notebook.panel(3)
    made.get_by_role("button", name="Run", exact=True).click()
    expect(made.get_by_role("alert")).to_contain_text("the entry script or its init() failed: OSError: no such weights")
    notebook.finish(4)
    services = notebook.panel(4)
    services.get_by_role("searchbox").fill(name)
    services.get_by_role("button", name=f"Open {name}").click()
    dead = services.get_by_role("group", name="Service")
    expect(dead.get_by_role("status").first).to_have_text("ended with exit code 3")
    expect(dead.get_by_role("alert")).to_contain_text("the entry script or its init() failed: OSError: no such weights")
    expect(dead.get_by_label("Last lines")).to_contain_text("in init")
    expect(dead.locator(".mp-hint")).to_contain_text("Correct the script; then package again.")
    for label in ("Score", "Kill"):
        expect(dead.get_by_role("button", name=label)).to_be_disabled()


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
        f"from jupyter_modelpack import *\nprint(ModelPackage.get(Workspace.default(), {name!r}).state)",
    ]
    notebook = Notebook(page, jupyter, "lab", cells, f"{name}.ipynb")
    for number in (0, 1, 2):
        notebook.finish(number)
    expect(notebook.panel(1)).to_have_attribute("data-state", "done")
    notebook.restart()
    for number in (1, 2):  # what was shown stays to be read, and says that it is of before
        expect(notebook.panel(number).get_by_role("alert")).to_contain_text(
            "The kernel that showed this panel has ended."
        )
        expect(notebook.panel(number).get_by_role("button", name="Kill").first).to_be_disabled()
    expect(notebook.panel(1)).to_contain_text(f"/{name}:")
    notebook.finish(0)
    notebook.finish(3)
    panel = notebook.panel(3)
    panel.get_by_role("tab", name="Packages").click()
    expect(panel.locator("tbody")).to_contain_text(f"/{name}:")
    panel.get_by_role("tab", name="Images").click()
    panel.get_by_role("searchbox").fill(name)
    expect(panel.locator("tbody")).to_contain_text("packaged here")
    panel.get_by_role("tab", name="Services").click()
    panel.get_by_role("searchbox").fill(name)
    expect(panel.locator("tbody")).to_contain_text(f"{name}")
    panel.get_by_role("button", name=f"Open {name}").click()
    service = panel.get_by_role("group", name="Service")
    expect(service.get_by_role("status").first).to_have_text("ready")
    notebook.finish(5)
    expect(notebook.cell(5)).to_contain_text("Succeeded")
    notebook.finish(1)  # does not make a second one
    expect(notebook.panel(1).get_by_role("status").first).to_have_text("Unchanged")
    started = service.locator(".mp-muted").first.inner_text().partition(" · up")[0]
    notebook.finish(2)  # does not start a second one
    expect(notebook.panel(2)).to_contain_text("ready")
    expect(notebook.panel(2)).to_contain_text(started)
    notebook.finish(4)
    expect(service).to_contain_text("ended")


def test_a_watched_service_serves_the_edited_cell_in_its_own_panel(page, jupyter, name):
    def cell(value: int) -> str:
        return f"%%package --name {name} --sample 1\ndef init(): ...\ndef run(data): return {value}"

    cells = [LOAD, f"{cell(1)}", f"%modelpack run {name} --port 0 --watch", cell(2), f"%modelpack kill {name}"]
    notebook = Notebook(page, jupyter, "lab", cells, f"{name}.ipynb")
    notebook.finish(0)
    notebook.finish(1)
    expect(notebook.panel(1)).to_have_attribute("data-state", "done")
    notebook.finish(2)
    service = notebook.panel(2)
    expect(service.get_by_role("status").first).to_have_text("ready")
    service.get_by_role("button", name="Score").click()
    expect(service.locator(".mp-answer")).to_have_text("1")
    notebook.finish(3)
    expect(notebook.panel(3)).to_have_attribute("data-state", "done")
    notebook.panel(3).locator("summary").filter(has_text="Log").click()
    expect(notebook.panel(3).get_by_role("log")).to_contain_text(f"{name} serves the new script")
    service.get_by_role("button", name="Score").click()
    expect(service.locator(".mp-answer")).to_have_text("2")
    expect(service.get_by_role("status").first).to_have_text("ready")
    notebook.finish(4)
    expect(service).to_contain_text("ended")
