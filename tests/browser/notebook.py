"""A notebook in a real browser, driven as a person would."""

from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page

from tests.browser.jupyter import PATIENCE, Jupyter

_SESSION = "() => window.jupyterapp?.shell.currentWidget?.sessionContext !== undefined"
_READY = """async () => {
    const context = window.jupyterapp.shell.currentWidget.sessionContext;
    await context.ready;
    await context.session.kernel.info;
}"""


class Notebook:
    """One notebook, opened in JupyterLab or Notebook 7."""

    def __init__(self, page: Page, jupyter: Jupyter, app: str, cells: Sequence[str], name: str = "walk.ipynb") -> None:
        self.page, self.app, self._path = page, app, jupyter.notebooks / name
        self._path.parent.mkdir(exist_ok=True)
        made = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        nbformat.write(made, self._path)
        page.set_default_timeout(PATIENCE)
        page.goto(jupyter.url(app, name))
        self._opened()

    def _opened(self) -> None:
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        self.page.wait_for_function(_SESSION)
        self.page.evaluate(_READY)

    def reload(self) -> None:
        """Load the page again; the kernel goes on."""
        self.page.reload()
        self._opened()

    def cell(self, number: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def output(self, number: int) -> Locator:
        return self.cell(number).locator(".jp-OutputArea-output").last

    def run(self, number: int) -> None:
        """Run a cell; come back at once."""
        self.page.evaluate(
            """(number) => {
                const { content } = window.jupyterapp.shell.currentWidget;
                content.activeCellIndex = number;
                content.mode = "command";
                void window.jupyterapp.commands.execute("notebook:run-cell");
            }""",
            number,
        )

    def finish(self, number: int) -> None:
        """Run a cell and wait until it has ended."""
        self.run(number)
        self.ended(number)

    def ended(self, number: int) -> None:
        self.page.wait_for_function(
            """(number) => {
                const cell = window.jupyterapp.shell.currentWidget.content.widgets[number].model;
                return cell.executionCount !== null && cell.executionState !== "running";
            }""",
            arg=number,
        )

    def restart(self) -> None:
        """Restart the kernel, outputs stay."""
        self.page.evaluate(
            """async () => {
                const context = window.jupyterapp.shell.currentWidget.context.sessionContext;
                await context.restartKernel();
                await context.session.kernel.info;
            }"""
        )

    def panel(self, number: int) -> Locator:
        """The panel in a cell's output."""
        return self.cell(number).locator(".mp-panel").first

    def save(self) -> nbformat.NotebookNode:
        """Save, and return what lies on the disk."""
        self.page.evaluate("async () => window.jupyterapp.shell.currentWidget.context.save()")
        return nbformat.read(self._path, 4)

    def theme(self, name: str) -> None:
        """``JupyterLab Light`` or ``JupyterLab Dark``."""
        self.page.evaluate(
            "async (theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )
        light = "true" if "Light" in name else "false"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")

    def picture(self, path: Path) -> None:
        self.page.screenshot(path=path)
