"""The panels' own ways: rows that are run, copied and removed, a log held still, URLs, no Docker at all."""

import re
import subprocess
import uuid

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from tests.browser.cells import LOAD, SCRIPT
from tests.browser.notebook import Notebook

pytestmark = [pytest.mark.engine, pytest.mark.network]


@pytest.fixture
def name() -> str:
    return f"panels-{uuid.uuid4().hex[:8]}"


def test_images_are_run_copied_removed_and_come_by_themselves(page, jupyter, docker_host, name):
    def docker(*words: str) -> str:
        return subprocess.check_output(["docker", "--host", docker_host, *words], text=True).strip()

    cells = [LOAD, f"%%package --name {name} --wait\n{SCRIPT}", "%modelpack images"]
    notebook = Notebook(page, jupyter, "lab", cells, f"{name}.ipynb")
    for number in range(3):
        notebook.finish(number)
    panel = notebook.panel(2)
    heads = ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "Actions"]
    expect(panel.get_by_role("columnheader")).to_have_text(heads)
    panel.get_by_role("searchbox", name="Filter Images").fill(name)
    row = panel.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("packaged here")
    reference = row.get_by_role("button", name="Copy").get_attribute("aria-label").removeprefix("Copy ")
    assert reference.split(":")[-1].isdigit()
    form = "{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}"
    image_id, created, size = row.locator("td").all_inner_texts()[2:5]
    assert docker("images", "--format", form, reference) == f"{reference} {image_id} {size}"
    assert re.search("second|minute", created), "when it was packaged, which docker does not know"

    copied = f"{name}-copy:1"
    docker("tag", docker("images", "--quiet", f"127.0.0.1:*/{name}"), copied)
    expect(row).to_have_count(2, timeout=15_000)  # nobody pressed anything
    panel.get_by_role("button", name=f"Copy {copied}").click()
    expect(panel.get_by_role("button", name=f"Copy {copied}")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == copied
    remove = panel.get_by_role("button", name=f"Remove {copied}")
    remove.click()
    expect(remove).to_have_text("Sure?")
    assert docker("images", "--quiet", copied)
    remove.click()
    expect(panel.locator(".mp-news")).to_contain_text(f"Removed {copied}.")
    expect(row).to_have_count(1)
    assert docker("images", "--quiet", copied) == ""

    panel.get_by_role("button", name=re.compile(f"Run .*{name}")).click()
    service = panel.get_by_role("group", name="Service")
    expect(service.get_by_role("status").first).to_have_text("ready")
    panel.get_by_role("button", name=re.compile(f"Remove .*{name}")).click()
    panel.get_by_role("button", name=re.compile(f"Remove .*{name}")).click()
    expect(panel.get_by_role("alert")).to_contain_text("in use by the service")
    # At once: it asks again before it does anything again.
    assert panel.get_by_role("button", name=re.compile(f"Remove .*{name}")).inner_text() == "Remove"
    service.get_by_role("button", name="Kill").click()
    expect(service).to_contain_text("ended")
    panel.get_by_role("button", name=re.compile(f"Remove .*{name}")).click()
    panel.get_by_role("button", name=re.compile(f"Remove .*{name}")).click()
    expect(panel.locator(".mp-news").first).to_contain_text(f"with the ended {name}.")


BUILD = """
from jupyter_modelpack.events import Log, Progress, Stage
from jupyter_modelpack.frontends.widgets.package_panel import PackagePanel

panel = PackagePanel(lambda: None)
panel.take(Stage("dependencies", "2 packages"))
panel.take(Progress("numpy", 0, 40_000_000))
for number in range(500):
    panel.take(Log(f"line {number}"))
panel
"""
GO_ON = """
import time
time.sleep(1)
panel.take(Progress("numpy", 10_000_000, 40_000_000))
panel.take(Log("after the pause"))
"""


def test_a_build_shows_bytes_and_time_left_and_its_log_can_be_held_still_and_copied(page, jupyter, name):
    more = [f"panel.take(Log('line {number}'))" for number in (503, 504)]
    notebook = Notebook(page, jupyter, "lab", [BUILD, GO_ON, *more], f"{name}.ipynb")
    notebook.finish(0)
    panel = notebook.panel(0)
    clock = panel.locator(".mp-top .mp-muted")
    expect(clock).not_to_have_text(clock.inner_text())
    panel.locator("summary").filter(has_text="Log").click()
    log = panel.get_by_role("log")
    expect(log).to_contain_text("line 499")
    expect(panel).to_contain_text("501 lines")
    assert "line 99\n" not in log.inner_text()  # the last 400 are kept
    panel.get_by_role("button", name="Pause").click()
    notebook.finish(1)
    running = panel.locator('li[data-state="running"]')
    expect(running).to_contain_text(re.compile(r"10 MB of 40 MB · \d.*s · \d.*s left"))
    bar = running.get_by_role("progressbar", name="2 packages")
    assert bar.evaluate("(bar) => bar.value") == 0.25
    expect(panel).to_contain_text("502 lines")
    expect(log).not_to_contain_text("after the pause")
    panel.get_by_role("button", name="Follow").click()
    expect(log).to_contain_text("after the pause")
    assert log.evaluate(AT_END)
    log.evaluate("(log) => log.scrollTo(0, 0)")  # who scrolls back is left where he is
    expect(panel.get_by_role("button", name="Follow")).to_be_visible()
    notebook.finish(2)
    expect(panel).to_contain_text("503 lines")
    assert log.evaluate("(log) => log.scrollTop") == 0
    panel.get_by_role("button", name="Follow").click()
    notebook.finish(3)
    expect(log).to_contain_text("line 504")
    assert log.evaluate(AT_END)
    panel.locator(".mp-tools").get_by_role("button", name="Copy").click()
    expect(panel.locator(".mp-tools").get_by_role("button", name="Copied")).to_be_visible()
    lines = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert (len(lines), lines[-3:]) == (400, ["after the pause", "line 503", "line 504"])


AT_END = "(log) => log.scrollHeight - log.scrollTop - log.clientHeight < 2"

MANY = """
from dataclasses import replace
from datetime import UTC, datetime
from jupyter_modelpack.commands.results import Images
from jupyter_modelpack.engine.image_store import ImageRow
from jupyter_modelpack.frontends.live import tables as source
from jupyter_modelpack.frontends.widgets import tables_panel
from jupyter_modelpack.oci.digest import Digest

now = datetime.now(UTC)
rows = tuple(ImageRow(f"team/model-{n:05}", "1", Digest.of(str(n).encode()), now, n, n % 2 == 0) for n in range(10_000))
source.SOURCES["images"] = replace(source.SOURCES["images"], load=lambda _: Images("docker", rows))
tables_panel.TablesPanel(["images"], known={"images": Images("docker", rows)})
"""


def test_ten_thousand_images_are_paged_sorted_and_filtered(page, jupyter, name):
    notebook = Notebook(page, jupyter, "lab", [MANY], f"{name}.ipynb")
    notebook.finish(0)
    panel = notebook.panel(0)
    count, rows = panel.locator(".mp-top").get_by_role("status"), panel.locator("tbody tr")
    expect(count).to_have_text("1\N{EN DASH}10 of 10000")
    panel.get_by_role("button", name="Next page").click()
    expect(count).to_have_text("11\N{EN DASH}20 of 10000")
    for _ in range(2):
        panel.get_by_role("columnheader", name="SIZE").get_by_role("button").click()
    expect(rows.first).to_contain_text("team/model-09999")
    expect(rows).to_have_count(10)
    expect(rows.nth(1)).to_contain_text("packaged here")
    expect(rows.first).not_to_contain_text("packaged here")
    panel.get_by_role("searchbox").fill("model-0123")
    expect(count).to_have_text("10 of 10000")
    expect(panel.get_by_role("button", name="Next page")).to_be_disabled()


ASKED = """
panel, asked = modelpack_panel(), []
panel.on_msg(lambda _, content, __: asked.append((content.get("tab"), content.get("refresh"))))
panel
"""


def test_what_is_shown_first_is_at_hand_and_a_tab_that_is_opened_later_is_asked_anew(page, jupyter, name):
    cells = ["from jupyter_modelpack import modelpack_panel", ASKED, "print(dict(reversed(asked)))"]
    notebook = Notebook(page, jupyter, "lab", cells, f"{name}.ipynb")
    notebook.finish(0)
    notebook.finish(1)
    panel = notebook.panel(1)
    expect(panel.get_by_role("tabpanel", name="Models")).to_contain_text("NAME")
    panel.get_by_role("tab", name="Packages").click()
    expect(panel.locator(".mp-top").get_by_role("status")).not_to_be_empty()
    notebook.finish(2)  # of each table, the first time it was asked for
    expect(notebook.cell(2)).to_contain_text("'models': False")
    expect(notebook.cell(2)).to_contain_text("'packages': True")


SCHEMA = """
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema

def init(): ...

@input_schema("numbers", StandardPythonParameterType([40, 2]))
def run(numbers):
    return sum(numbers)
"""
HUB = """
import os
os.environ.update(MODELPACK_ENGINE="process", DOCKER_HOST="unix:///nosuch.sock", JUPYTERHUB_SERVICE_PREFIX="/user/ada/")
"""


def test_without_docker_and_on_a_hub_the_same_is_done(page, jupyter, name):
    cells = [
        HUB, LOAD, f"%%package --name {name} --wait\n{SCHEMA}", "%modelpack panel",
        "import os; del os.environ['JUPYTERHUB_SERVICE_PREFIX']; os.environ['SSH_CONNECTION'] = 'a 1 b 22'",
        f"%modelpack run {name} --port 0",
    ]  # fmt: skip
    notebook = Notebook(page, jupyter, "notebook", cells, f"{name}.ipynb")
    for number in range(4):
        notebook.finish(number)
    notebook.panel(2).get_by_role("button", name="Run", exact=True).click()
    service = notebook.panel(2).get_by_role("group", name="Service")
    expect(service.get_by_role("status").first).to_have_text("ready")
    expect(service).to_contain_text(re.compile(r"process · port \d+"))
    expect(service).to_contain_text("from your own computer no URL does on JupyterHub. Score goes through the kernel")
    expect(service.get_by_label("Request")).to_have_value('{"numbers": [40, 2]}')  # as the schema says
    service.get_by_role("button", name="Score").click()
    expect(service.locator(".mp-answer")).to_have_text("42")
    notebook.finish(4)
    notebook.finish(5)  # finds the one that runs
    again = notebook.panel(5)
    expect(again).to_contain_text(re.compile(r"after: ssh -L (\d+):localhost:\1 \S+\. Score goes"))

    everything = notebook.panel(3)
    saved = notebook.save()  # what is left where no panel can be: the table, the service
    for number, text in ((3, "Packages"), (5, f"{name} answers")):
        twin = next(one.data for one in reversed(saved.cells[number].outputs) if "data" in one)
        assert text in twin["text/plain"]
        assert f"/{name}:" in twin["text/plain"]
        assert "<table>" in twin["text/html"]
        assert f"/{name}:" in HTMLExporter().from_notebook_node(saved)[0]
    expect(everything.get_by_role("tab")).to_have_text(["Models", "Packages", "Images", "Services"])
    for tab in ("Packages", "Images", "Services"):
        everything.get_by_role("tab", name=tab).click()
        expect(everything.locator("tbody")).to_contain_text(name)
    everything.get_by_role("button", name=f"Kill {name}").click()
    expect(everything.locator(".mp-news")).to_contain_text(f"{name} was killed.")
    expect(service).to_contain_text("ended")
