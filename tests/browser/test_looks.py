"""What can be seen and reached: both themes, the keyboard, names for screen readers."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.contrast import CONTRAST
from tests.browser.notebook import Notebook

pytestmark = [pytest.mark.engine, pytest.mark.network]


RUNNING = """
import time
from jupyter_modelpack.events import Log, Progress, Stage
from jupyter_modelpack.frontends.widgets.package_panel import PackagePanel

panel = PackagePanel(lambda: None)
panel.take(Stage("environment", "Python"))
panel.take(Stage("dependencies", "2 packages"))
panel.take(Log("a line"))
panel.take(Progress("numpy", 10_000_000, 40_000_000))
panel
"""


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_every_word_can_be_read_in_both_themes(page, jupyter, theme, tmp_path):
    """As WCAG 2.2 asks in 1.4.3: 4.5 to 1, for all four panels and what failed in them."""
    name = f"looks-{uuid.uuid4().hex[:8]}"
    body = "def init(): ...\ndef run(data): return data"
    cells = [
        "%load_ext jupyter_modelpack",
        RUNNING,
        f"%%package --name {name}\n{body}).",
        f"%%package --name {name} --wait\n{body}['rows']",
        f"%modelpack run {name} --port 0",
        "%modelpack panel",
        f"%modelpack kill {name}",
    ]
    notebook = Notebook(page, jupyter, "lab", cells, f"{name}.ipynb")
    notebook.theme(theme)
    for number in range(6):
        notebook.finish(number)
    running, failed, package, service, table = (notebook.panel(number) for number in range(1, 6))
    running.locator("summary").filter(has_text="Log").click()
    expect(failed).to_have_attribute("data-state", "failed")
    package.locator("summary").filter(has_text="Layers").click()
    service.get_by_role("button", name="Score").click()
    expect(service.get_by_role("alert")).to_contain_text("answered 500")
    table.get_by_role("tab", name="Images").click()
    expect(table.get_by_role("button", name=re.compile("Remove ")).first).to_be_visible()
    for panel in (running, failed, package, service, table):
        assert panel.evaluate(CONTRAST) == []
    notebook.picture(tmp_path / "theme.png")
    notebook.finish(6)
    expect(service.get_by_role("status").first).to_contain_text("ended")
    assert service.evaluate(CONTRAST) == []
    notebook.theme("JupyterLab Light")


def test_the_keyboard_reaches_everything_and_everything_has_a_name(page, jupyter):
    notebook = Notebook(
        page,
        jupyter,
        "lab",
        ["%load_ext jupyter_modelpack", "from jupyter_modelpack import modelpack_panel\nmodelpack_panel()"],
        f"keys-{uuid.uuid4().hex[:8]}.ipynb",
    )
    notebook.finish(0)
    notebook.finish(1)
    panel = notebook.panel(1)
    panel.get_by_role("tab", name="Models").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(panel.get_by_role("tab", name="Images")).to_be_focused()
    expect(panel.get_by_role("tabpanel", name="Images")).to_be_visible()
    page.keyboard.press("Tab")
    expect(panel.get_by_role("searchbox", name="Filter Images")).to_be_focused()
    page.keyboard.type("dd0a")  # what would be commands of the notebook stays text
    expect(notebook.page.locator(".jp-CodeCell")).to_have_count(2)
    expect(panel.get_by_role("searchbox")).to_have_value("dd0a")
    nameless = panel.evaluate(
        """(panel) => [...panel.querySelectorAll("button, input, textarea, pre, progress")]
            .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.labels?.length)).length"""
    )
    assert nameless == 0
    panel.get_by_role("columnheader", name="SIZE").get_by_role("button").click()
    expect(panel.get_by_role("columnheader", name="SIZE")).to_have_attribute("aria-sort", "ascending")


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_keys_press_buttons_and_are_no_commands_of_the_notebook(page, jupyter, app):
    name = f"keys-{uuid.uuid4().hex[:8]}"
    cell = f"%%package --name {name} --wait\ndef init(): ...\ndef run(data): return data"
    notebook = Notebook(page, jupyter, app, ["%load_ext jupyter_modelpack", cell, "1"], f"{name}.ipynb")
    notebook.finish(0)
    notebook.finish(1)
    panel = notebook.panel(1)
    expect(panel).to_have_attribute("data-state", "done")
    for key in ("Enter", "Space"):
        layers = panel.locator("summary").filter(has_text="Layers")
        layers.focus()
        page.keyboard.press(key)
        expect(panel.get_by_role("columnheader", name="LAYER")).to_be_visible(visible=key == "Enter")
        push = panel.locator("button[aria-expanded]").filter(has_text="Push")
        push.focus()
        page.keyboard.press(key)
        expect(panel.get_by_label("Registry and name")).to_be_focused()
        page.keyboard.type("dd0")
        page.keyboard.press("Escape")
        expect(push).to_be_focused()
        expect(push).to_have_attribute("aria-expanded", "false")
    for key in "ddabx":
        page.keyboard.press(key)
    expect(page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(3)
    expect(push).to_be_focused()
    page.keyboard.press("Tab")  # in the order they stand in, without a trap
    expect(page.locator(":focus")).to_have_text("Save")
    page.evaluate(
        """() => window.jupyterapp.commands.commandExecuted.connect((_, { id }) => {
            window.saved ||= id === "docmanager:save";
        })"""
    )
    page.keyboard.press("Control+s")  # is the application's
    page.wait_for_function("window.saved")


SPOKEN = """(panel) => {
    window.spoken = [];
    for (const live of panel.querySelectorAll("[role=status], [role=alert]"))
        new MutationObserver(() => window.spoken.push(live.textContent))
            .observe(live, { childList: true, characterData: true, subtree: true });
}"""
GO_ON = """
for done in range(11, 20):
    panel.take(Progress("numpy", done * 1_000_000, 40_000_000))
    panel.take(Log("another line"))
    time.sleep(0.2)
"""
END = """
from jupyter_modelpack.errors import BuildFailed
panel.fail(BuildFailed("no wheel", hint="Pin it."))
"""


def test_a_screen_reader_is_told_what_changed_and_nothing_else(page, jupyter):
    notebook = Notebook(page, jupyter, "lab", [RUNNING, GO_ON, END], f"spoken-{uuid.uuid4().hex[:8]}.ipynb")
    notebook.finish(0)
    panel = notebook.panel(0)
    head, clock = panel.get_by_role("status").first, panel.locator(".mp-top .mp-muted")
    expect(head).to_have_text("Packaging")
    before = clock.inner_text()
    panel.evaluate(SPOKEN)
    notebook.finish(1)
    expect(panel.locator('li[data-state="running"]')).to_contain_text("19 MB of 40 MB")
    expect(clock).not_to_have_text(before)  # bytes and seconds go on, silently
    assert page.evaluate("window.spoken") == []
    notebook.finish(2)
    expect(panel.get_by_role("alert")).to_contain_text("no wheel")
    assert page.evaluate("window.spoken") == ["Not packaged"]
