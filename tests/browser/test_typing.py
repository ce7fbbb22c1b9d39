"""What is typed above a cell and in a line: completed, explained, and turned off, where people type it."""

import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.cells import LOAD, SCRIPT
from tests.browser.notebook import Notebook

pytestmark = [pytest.mark.engine, pytest.mark.network]


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_options_complete_and_question_marks_explain(page, jupyter, app):
    cells = [LOAD, "%%package --mod", "%modelpack run --wa", "%%package?", "%modelpack run?"]
    notebook = Notebook(page, jupyter, app, cells, f"typing-{uuid.uuid4().hex[:8]}.ipynb")
    notebook.finish(0)
    for number, option in ((1, "--model"), (2, "--watch")):
        notebook.cell(number).locator(".cm-content").click()
        page.keyboard.press("End")
        page.keyboard.press("Tab")
        expect(page.locator(".jp-Completer-item")).to_contain_text([option])
        page.keyboard.press("Enter")
        expect(notebook.cell(number).locator(".cm-content")).to_have_text(
            f"{cells[number].rpartition(' ')[0]} {option}"
        )
    for number, example in ((3, "%%package --model diabetes"), (4, "%modelpack run --port 0")):
        notebook.finish(number)
        expect(page.locator("body")).to_contain_text(example)


def test_a_switch_turns_panels_off(page, jupyter):
    name = f"typing-{uuid.uuid4().hex[:8]}"
    cells = ["%env MODELPACK_WIDGETS=0", LOAD, f"%%package --name {name}\n{SCRIPT}", "%modelpack packages"]
    notebook = Notebook(page, jupyter, "lab", cells, f"{name}.ipynb")
    for number in range(4):
        notebook.finish(number)
    expect(notebook.cell(2)).to_contain_text("==> ")
    expect(notebook.output(2)).to_contain_text("Packaged 127.0.0.1")
    expect(notebook.output(3)).to_contain_text(f"/{name}:")
    expect(page.locator(".mp-panel")).to_have_count(0)
