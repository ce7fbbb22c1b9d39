"""Ten tabs with a notebook each, the panel shown in all: they load and save as without it, and all hear the news."""

import statistics
import time
from collections.abc import Iterator

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.jupyter import Jupyter
from tests.frontends.lab.jupyter_client import BASE, Client, answering, environment
from tests.services.wheel import environment as installed

pytestmark = [pytest.mark.network, pytest.mark.timeout(1200)]  # thirteen tabs each, however busy the machine is

TABS = 10
"""A browser has six connections to a host."""

PAIRS = 3
"""Tabs without the panel, each opened before one of the last with it: a busy moment of the machine hits both."""

APPS = ("lab", "notebook")
HALVES = ("without", "with")

TIMES = 1.5
PATIENCE = 30_000

SAVE = """async () => {
    const { context } = window.jupyterapp.shell.currentWidget;
    context.model.sharedModel.setMetadata("saved", String(Math.random()));
    const began = performance.now();
    await context.save();
    return performance.now() - began;
}"""


# What the page would read if our half of it were not installed.
WITHOUT = """new MutationObserver((_, observer) => {
    const config = document.getElementById("jupyter-config-data");
    if (!config?.nextSibling) return;
    observer.disconnect();
    const read = JSON.parse(config.textContent);
    read.federated_extensions = read.federated_extensions.filter((one) => one.name !== "jupyter-modelpack");
    config.textContent = JSON.stringify(read);
}).observe(document, { childList: true, subtree: true });"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    folder = tmp_path_factory.mktemp("tabs")
    with Jupyter(folder, environment(folder), python=installed() / "bin" / "python", base=BASE) as server:
        answering(server)
        for name in (f"{app}-{half}-{number}" for app in APPS for half in HALVES for number in range(TABS)):
            # No such kernel: kernels are no part of this, and ten of them are a burden.
            kernel = {"name": "none", "display_name": "None", "language": "python"}
            made = new_notebook(cells=[new_code_cell("1")], metadata={"kernelspec": kernel})
            nbformat.write(made, server.notebooks / f"{name}.ipynb")
        yield server
        server.kill()  # one whose pages have just gone may wait for ever for a thread of a request of theirs


@pytest.mark.parametrize("app", APPS)
def test_ten_tabs_load_and_save_as_if_it_were_not_there(browser: Browser, server: Jupyter, app: str, record_property):
    plain, loaded = browser.new_context(), browser.new_context()
    plain.add_init_script(WITHOUT)
    try:
        tab(plain, server, app, PAIRS, shown=False)  # its cache is empty: it counts nowhere
        with_it = [tab(loaded, server, app, number, shown=True) for number in range(TABS - PAIRS)]
        pairs = []
        for number in range(PAIRS):
            one = tab(plain, server, app, number, shown=False)
            with_it.append(tab(loaded, server, app, TABS - PAIRS + number, shown=True))
            pairs.append((one, with_it[-1]))
        loads = [[took for _, took in pair] for pair in pairs]
        saves = [[page.evaluate(SAVE) for page, _ in pair] for _ in range(3) for pair in pairs]
        figures = {
            what: [statistics.median(column) for column in zip(*times, strict=True)]
            for what, times in (("load", loads), ("save", saves))
        }
        for what, (before, now) in figures.items():
            record_property(what, figures[what])
            print(f"{TABS} tabs, {app:<8} {what}: {now:5.0f} ms with the panel in all, {before:5.0f} ms without")
        for what, (before, now) in figures.items():
            assert now < TIMES * before, (what, figures)
        job = Client(server).finish("doctor")["id"]
        for page, _ in with_it:
            expect(page.locator(f'.mpl-panel .mpl-job[data-job="{job}"]')).to_have_attribute("data-state", "done")
    finally:
        plain.close()
        loaded.close()


def tab(context: BrowserContext, server: Jupyter, app: str, number: int, *, shown: bool) -> tuple[Page, float]:
    """Open one more tab, with a notebook; return it with the milliseconds that took."""
    page, broken = context.new_page(), []
    page.set_default_timeout(PATIENCE)
    # An engine that makes a network, for whichever test, breaks what any browser of the machine is loading.
    page.on("requestfailed", lambda request: broken.append(request) if "NETWORK_CHANGED" in request.failure else None)
    for _ in range(5):
        broken.clear()
        began = time.perf_counter()
        page.goto(server.url(app, f"{app}-{HALVES[shown]}-{number}.ipynb"), wait_until="commit")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        took = (time.perf_counter() - began) * 1000
        known = page.evaluate("() => window.jupyterapp.restored.then(() => window.jupyterapp.commands.listCommands())")
        if not broken:
            break
    assert ("modelpack:open" in known) == shown
    if shown:
        page.evaluate("() => window.jupyterapp.commands.execute('modelpack:open')")
        page.locator(".mpl-panel").wait_for()
    return page, took
