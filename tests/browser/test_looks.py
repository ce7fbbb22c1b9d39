"""What can be seen and reached: both themes, the keyboard, names for screen readers."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.notebook import Notebook

pytestmark = [pytest.mark.engine, pytest.mark.network]

CONTRAST = """(element) => {
    const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const parse = (colour) => {
        paint.clearRect(0, 0, 1, 1);
        paint.fillStyle = colour;
        paint.fillRect(0, 0, 1, 1);
        return paint.getImageData(0, 0, 1, 1).data;
    };
    const light = ([r, g, b]) => {
        const part = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const below = (at) => {
        for (; at; at = at.parentElement) {
            const found = parse(getComputedStyle(at).backgroundColor);
            if (found[3] === 255) return found;
        }
        return [255, 255, 255];
    };
    const bad = [];
    for (const at of element.querySelectorAll("*")) {
        if (!at.childNodes.length || ![...at.childNodes].some((one) => one.nodeType === 3 && one.data.trim())) continue;
        if (at.disabled || !at.offsetParent) continue;
        const a = light(parse(getComputedStyle(at).color)), b = light(below(at));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 3) bad.push(`${at.textContent.slice(0, 30)}: ${ratio.toFixed(1)}`);
    }
    return bad;
}"""


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_every_word_can_be_read_in_both_themes(page, jupyter, theme, tmp_path):
    name = f"looks-{uuid.uuid4().hex[:8]}"
    cell = f"%%package --name {name} --wait\ndef init(): ...\ndef run(data): return data"
    notebook = Notebook(
        page, jupyter, "lab", ["%load_ext jupyter_modelpack", cell, "%modelpack panel"], f"{name}.ipynb"
    )
    notebook.theme(theme)
    for number in range(3):
        notebook.finish(number)
    package, table = notebook.panel(1), notebook.panel(2)
    expect(package).to_have_attribute("data-state", "done")
    table.get_by_role("tab", name="Images").click()
    expect(table.get_by_role("button", name=re.compile("Remove ")).first).to_be_visible()
    for panel in (package, table):
        assert panel.evaluate(CONTRAST) == []
    notebook.picture(tmp_path / "theme.png")
    notebook.theme("JupyterLab Light")


def test_the_keyboard_reaches_everything_and_everything_has_a_name(page, jupyter):
    notebook = Notebook(
        page, jupyter, "lab", ["%load_ext jupyter_modelpack", "%modelpack panel"], f"keys-{uuid.uuid4().hex[:8]}.ipynb"
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
