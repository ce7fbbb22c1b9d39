"""All of it by clicks: package, cancel, package again, run, score, read logs, kill."""

import base64
import json
import re
import subprocess
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.contrast import CONTRAST
from tests.browser.lab.panel import SCRIPT, SidePanel
from tests.services.silent_index import silent_index

pytestmark = [pytest.mark.engine, pytest.mark.network]


@pytest.fixture
def name() -> str:
    return f"click-{uuid.uuid4().hex[:8]}"


def sure(remove: Locator, label: str = "Remove") -> None:
    """Click twice: Remove and Delete ask first."""
    expect(remove).to_have_text(label)
    remove.click()
    expect(remove).to_have_text("Sure?")
    remove.click()


def test_package_cancel_again_run_score_logs_kill(panel: SidePanel, name: str, tmp_path: Path, docker_host: str):
    panel.write(f"{name}/score.py", SCRIPT)
    script = f"{name}/score.py"
    panel.package(name, script, Pip=f"no-such-project-{name}")
    job = panel.form.locator(".mpl-job")
    expect(job).to_have_attribute("data-state", "failed")
    expect(job.get_by_role("alert")).to_contain_text(f"no-such-project-{name}")

    panel.form.get_by_label("Pip", exact=True).fill("")
    with silent_index() as index:
        panel.write(f"{name}/endless.txt", f"--index-url {index}\nsome-project-{name}\n")
        panel.form.get_by_label("Requirements", exact=True).fill(f"{name}/endless.txt")
        panel.button(panel.form, "Package").click()
        expect(job).to_have_attribute("data-state", "running")
        expect(job.locator(".mpl-stages li").first).to_be_visible()
        panel.button(job, "Cancel").click()
        expect(job).to_have_attribute("data-state", "cancelled")
    expect(job.get_by_role("alert")).to_contain_text("nothing half made")

    panel.form.get_by_label("Requirements", exact=True).fill("")
    panel.form.get_by_label("Pip", exact=True).fill("packaging")
    panel.button(panel.form, "Plan").click()
    plan = panel.form.get_by_role("region", name="Plan")
    expect(plan).to_contain_text("packaging")
    expect(plan).to_contain_text("scoring server")
    expect(plan).to_contain_text(re.compile("here already|to be fetched"))
    panel.button(panel.form, "Package").click()
    expect(job).to_have_attribute("data-state", "done")
    expect(job).to_contain_text(re.compile(rf"/{name}:\d+"))
    expect(job).to_contain_text(re.compile("sha256:[0-9a-f]{64}"))
    job.locator("summary").filter(has_text="Log").click()
    expect(job.get_by_role("log")).to_contain_text("==>")

    panel.tab("Packages")
    expect(panel.row(f"/{name}:")).to_be_visible()
    panel.open()
    panel.tab("Packages")
    panel.button(panel.row(f"/{name}:"), re.compile("^Run ")).click()
    service = panel.service
    expect(service).to_have_attribute("data-state", "ready")
    service.get_by_label("Request (JSON)").fill('{"data": [[40, 2], [1, 1]]}')
    panel.button(service, "Score").click()
    expect(service.get_by_label("Answer")).to_have_text(re.compile(r"\[\s*42,\s*2\s*\]"))
    expect(service).to_contain_text(re.compile(r"200 in [\d.]+ ms; \d+ ms from this browser"))
    service.get_by_label("Request (JSON)").fill('{"nodata": 1}')
    panel.button(service, "Score").click()
    expect(service.get_by_role("alert")).to_contain_text("answered 500")
    expect(service.get_by_role("alert")).to_contain_text("KeyError")
    expect(service.get_by_role("log")).to_contain_text("the model is loaded")

    service.get_by_label("Request (JSON)").fill('{"data": [[40, 2]]}')
    service.locator("summary").filter(has_text="Client code").click()
    program = service.get_by_label("Program")
    expect(program).to_contain_text('data = {"data": [[40, 2]]}')
    service.get_by_label("Language").select_option("curl")
    expect(program).to_contain_text("curl --silent")
    panel.button(service.locator(".mpl-details").filter(has_text="Client code"), "Copy").click()
    expect(panel.button(service, "Copied")).to_be_visible()
    said = subprocess.check_output(["sh", "-c", panel.page.evaluate("navigator.clipboard.readText()")], text=True)
    assert json.loads(said) == [42]
    panel.command("modelpack:verb-client")
    panel.form.get_by_label("Language", exact=True).select_option("go")
    panel.form.get_by_label("Service", exact=True).fill(name)
    panel.button(panel.form, "Client code").click()
    expect(panel.form.get_by_label("Program")).to_contain_text("package main")

    panel.tab("Services")
    expect(panel.row(name).first).to_be_visible()
    panel.tab("Images")
    panel.panel.get_by_role("searchbox").fill(name)
    expect(panel.row(f"/{name}")).to_have_count(1)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        panel.theme(theme)
        panel.picture(tmp_path / f"{theme}.png")
        assert panel.panel.evaluate(CONTRAST) == [], theme
    panel.theme("JupyterLab Light")

    remove = panel.button(panel.row(f"/{name}"), re.compile("^Remove "))
    sure(remove)
    news = panel.news
    expect(news.get_by_role("alert")).to_contain_text(f"in use by the service {name}, which is running")
    panel.button(service, "Kill").click()
    expect(service).to_have_attribute("data-state", "ended")
    expect(panel.button(service, "Score")).to_be_disabled()
    sure(remove)  # what has ended goes with its image
    expect(panel.row(f"/{name}")).to_have_count(0)
    expect(news).to_contain_text("was removed")
    panel.tab("Packages")
    sure(panel.button(panel.row(f"/{name}"), re.compile("^Delete ")), "Delete")
    expect(panel.row(f"/{name}")).to_have_count(0)
    expect(news).to_contain_text("was deleted")
    assert panel.problems == []


def test_a_build_goes_on_through_a_reload_and_is_seen_in_a_second_tab(panel: SidePanel, name: str, browser: Browser):
    panel.write(f"{name}/score.py", SCRIPT)
    panel.package(name, f"{name}/score.py", Pip="scikit-learn")
    expect(panel.job(name)).to_have_attribute("data-state", "running")
    panel.page.reload()
    panel.ready()
    expect(panel.job(name)).to_be_visible()  # restored where it was: nobody opened the panel again
    other = SidePanel(browser.new_context().new_page(), panel.lab, "second")
    expect(other.job(name)).to_be_visible()
    for one in (panel, other):
        expect(one.job(name)).to_have_attribute("data-state", "done", timeout=120_000)
        one.tab("Packages")
        expect(one.row(f"/{name}:")).to_be_visible()
    other.page.context.close()


def test_right_click_on_a_model_packages_it(panel: SidePanel, name: str):
    import joblib

    panel.write(f"{name}/others/readme.md", "no model")
    for ending in ("pkl", "onnx", "pt", "safetensors"):
        panel.write(f"{name}/model.{ending}", "never loaded")
    panel.command("filebrowser:go-to-path", path=name)
    offer = panel.page.locator(".lm-Menu-item", has_text="Package this model…")
    for one in ("others", "model.pkl", "model.onnx", "model.pt", "model.safetensors"):
        panel.page.locator(".jp-DirListing-item", has_text=one).click(button="right")
        expect(offer).to_be_visible()
        panel.page.keyboard.press("Escape")
    panel.command("filebrowser:go-to-path", path="")

    path = panel.lab.notebooks / f"{name}.joblib"
    joblib.dump([1, 2], path)
    panel.command("filebrowser:activate")
    panel.command("filebrowser:refresh")
    item = panel.page.locator(".jp-DirListing-item", has_text=path.name)
    item.click(button="right")
    offer.click()
    expect(panel.form.get_by_label("Model", exact=True)).to_have_value(path.name)
    panel.button(panel.form, "Write an entry script…").click()
    expect(panel.page.locator(".jp-FileEditor")).to_contain_text("joblib.load(path)")
    panel.page.locator(".lm-TabBar-tab", has_text="Make an image").click()
    expect(panel.form.get_by_label("Script", exact=True)).to_have_value("score.py")
    expect(panel.form.get_by_label("Pip", exact=True)).to_have_value("scikit-learn\njoblib")  # what it imports
    assert "def init" in (panel.lab.notebooks / "score.py").read_text()
    (panel.lab.notebooks / "score.py").unlink()


def test_the_toolbar_of_a_notebook_packages_the_cell(panel: SidePanel, name: str):
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    made = new_notebook(cells=[new_code_cell("x = 1"), new_code_cell(SCRIPT), new_code_cell("y = 2")])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(made, panel.lab.notebooks / f"{name}.ipynb")
    panel.command("docmanager:open", path=f"{name}.ipynb")
    panel.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    button, cells = panel.page.get_by_role("button", name="Package this cell"), panel.page.locator(".jp-CodeCell")
    button.click()  # in the first cell, which is no entry script
    expect(panel.page.locator(".Toastify")).to_contain_text("No entry script")
    cells.nth(1).locator(".cm-content").click()
    button.click()
    expect(cells.nth(1).locator(".cm-content")).to_contain_text("%%package")
    packaged = cells.nth(1).locator(".jp-OutputArea-output").first
    expect(packaged).to_contain_text("Packaged", timeout=90_000)
    cells.nth(2).locator(".cm-content").click()
    button.click()  # from a cell below: the entry script is the one that says so
    expect(packaged).to_contain_text("Unchanged", timeout=90_000)
    for at, source in ((0, "x = 1"), (2, "y = 2")):
        expect(cells.nth(at).locator(".cm-content")).to_have_text(source)


def test_images_are_saved_and_pushed_from_their_rows(panel: SidePanel, name: str, cncf_registry):
    config = panel.lab.notebooks.parent / "docker" / "config.json"
    config.parent.mkdir(exist_ok=True)
    pair = base64.b64encode(f"{cncf_registry.username}:{cncf_registry.password}".encode()).decode()
    config.write_text(json.dumps({"auths": {cncf_registry.address: {"auth": pair}}}))
    panel.write(f"{name}/score.py", SCRIPT)
    panel.package(name, f"{name}/score.py")
    expect(panel.job(name)).to_have_attribute("data-state", "done")
    panel.button(panel.job(name), "Run").click()  # which puts the image into the engine
    expect(panel.service).to_have_attribute("data-state", "ready")
    panel.tab("Images")
    panel.panel.get_by_role("searchbox").fill(name)
    row = panel.row(f"/{name}")
    expect(row.get_by_role("button")).to_have_text(["Run", "Remove", "Save…", "Push…", "Copy"])

    panel.button(row, re.compile("^Save… ")).click()
    panel.form.get_by_label("File", exact=True).fill(f"{name}/image.tar")
    panel.button(panel.form, "Save").click()
    expect(panel.form.locator(".mpl-job")).to_have_attribute("data-state", "done")
    assert (panel.lab.notebooks / name / "image.tar").stat().st_size > 1_000_000

    panel.button(row, re.compile("^Push… ")).click()
    panel.form.get_by_label("Target", exact=True).fill(f"{cncf_registry.address}/{name}:v1")
    panel.button(panel.form, "Push").click()
    expect(panel.form.locator(".mpl-job")).to_have_attribute("data-state", "done")
    expect(panel.form.locator(".mpl-job")).to_contain_text(f"{cncf_registry.address}/{name}")
    panel.tab("Services")
    panel.button(panel.row(name), f"Kill {name}").click()
    expect(panel.service).to_have_attribute("data-state", "ended")
