"""The side panel, driven as a person would."""

import json
import re
from pathlib import Path

from playwright.sync_api import Error, Locator, Page

from tests.browser.jupyter import PATIENCE, Jupyter

SETTINGS = {"port": 0}
"""What all tests have said: several services may run at a time."""

SCRIPT = """import json

def init():
    print("the model is loaded")

def run(data):
    return [sum(row) for row in json.loads(data)["data"]]
"""


class SidePanel:
    """JupyterLab in a tab of the browser, with our panel shown."""

    def __init__(self, page: Page, lab: Jupyter, workspace: str = "walk", *, fresh: bool = False) -> None:
        self.page, self.lab, self.workspace = page, lab, workspace
        page.set_default_timeout(PATIENCE)
        self.problems: list[str] = []
        page.on("pageerror", self._wrong)
        self.open(fresh=fresh)

    def _wrong(self, error: Error) -> None:
        """Keep what went wrong in our own code, with its place; JupyterLab has troubles of its own."""
        if "jupyter-modelpack" in (error.stack or ""):
            self.problems.append(f"{error.message}\n{error.stack}")

    def open(self, *, fresh: bool = False) -> None:
        self.page.goto(f"{self.lab.root}lab/workspaces/{self.workspace}?token={self.lab.token}")
        self.ready()
        if fresh:  # where there is nothing to restore the launcher opens, a second later, and takes the focus
            self.page.wait_for_function("() => document.activeElement?.closest('.jp-Launcher')")
        self.command("modelpack:open")
        self.panel.wait_for()

    def ready(self) -> None:
        self.page.wait_for_function("() => window.jupyterapp !== undefined")
        self.page.evaluate("async () => { await window.jupyterapp.restored; }")

    def command(self, name: str, **args: object) -> None:
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, args])

    def theme(self, name: str) -> None:
        self.command("apputils:change-theme", theme=name)
        light = "true" if "Light" in name else "false"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")

    def write(self, name: str, content: str | bytes) -> None:
        """Put a file where the file browser is."""
        path = self.lab.notebooks / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    @property
    def panel(self) -> Locator:
        return self.page.locator(".mpl-panel")

    @property
    def news(self) -> Locator:
        """What the panel says last."""
        return self.page.locator(".mpl-panel > .mpl-news")

    @property
    def service(self) -> Locator:
        return self.panel.locator(".mpl-service")

    @property
    def form(self) -> Locator:
        return self.page.locator(".mpl-form:visible")

    def tab(self, name: str) -> None:
        self.panel.get_by_role("tab", name=name).click()

    def row(self, name: str) -> Locator:
        return self.panel.locator(".mpl-table tbody tr").filter(has_text=name)

    def button(self, where: Locator, name: str | re.Pattern[str]) -> Locator:
        return where.get_by_role("button", name=name, exact=isinstance(name, str))

    def package_form(self) -> None:
        self.command("modelpack:package")
        self.form.wait_for()

    def package(self, name: str, script: str, **more: str) -> None:
        """Fill the form in and start the build; it goes on when this comes back."""
        self.button(self.panel, "Package a model…").first.click()
        self.form.get_by_label("Script", exact=True).fill(script)
        self.form.get_by_label("Name", exact=True).fill(name)
        for label, value in more.items():
            self.form.get_by_label(label, exact=True).fill(value)
        self.button(self.form, "Package").click()

    def job(self, name: str) -> Locator:
        """The job of that name in the panel."""
        return self.panel.locator(".mpl-job").filter(has_text=name).first

    def settings(self, **values: object) -> None:
        """Save settings of the panel; they hold from the next reload on."""
        self.save("jupyter-modelpack:panel", {**SETTINGS, **values})

    def save(self, plugin: str, values: dict[str, object]) -> None:
        save = "([id, raw]) => window.jupyterapp.serviceManager.settings.save(id, raw)"
        self.page.evaluate(save, [plugin, json.dumps(values)])

    def picture(self, path: Path) -> None:
        self.page.screenshot(path=path)
