"""How quick the panels are, in a real JupyterLab: `python -m tests.benchmarks.panels`.

Prints one row a promise, with what was measured and what is promised; ends with 1 when one is broken.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import ARGUMENTS
from tests.browser.jupyter import Jupyter
from tests.browser.notebook import Notebook

LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
began = time.perf_counter()
shell.run_line_magic("load_ext", "jupyter_modelpack")
print((time.perf_counter() - began) * 1000)
"""

LOAD_HERE = """
import time
began = time.perf_counter()
%load_ext jupyter_modelpack
print((time.perf_counter() - began) * 1000)
"""

READING = 2000.0
"""Milliseconds in which a person gets from one cell to the next; the kernel imports what panels need meanwhile."""

CELL = "%%package\ndef init(): ...\ndef run(data): return data"
"""What the panel shows is the same whatever becomes of the build; these fail at once."""

WATCH = """(number) => new Promise((done) => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.activeCellIndex = number;
    content.mode = "command";
    const node = content.widgets[number].node;
    node.querySelectorAll(".mp-panel").forEach((one) => one.remove());
    const began = performance.now();
    new MutationObserver((_, observer) => {
        const panel = node.querySelector(".mp-panel .mp-head");
        if (!panel?.textContent) return;
        observer.disconnect();
        requestAnimationFrame(() => done(performance.now() - began));
    }).observe(node, { childList: true, subtree: true });
    void window.jupyterapp.commands.execute("notebook:run-cell");
})"""

FLOOD = """
import threading, time
from jupyter_modelpack.events import Log
from jupyter_modelpack.frontends.widgets.package_panel import PackagePanel

panel = PackagePanel(lambda: None)

def flood():
    began = time.time()
    for number in range(5000):
        panel.take(Log(f"@{time.time() * 1000:.0f}@ a line of a log as long as lines of logs are, more or less"))
        time.sleep(max(0, began + (number + 1) / 1000 - time.time()))

thread = threading.Thread(target=flood)
"""

DELAY = r"""() => new Promise((done) => {
    const log = document.querySelector(".mp-panel [role=log]");
    const delays = [];
    let frames = [], last = performance.now();
    const frame = (now) => { frames.push(now - last); last = now; running && requestAnimationFrame(frame); };
    let running = true;
    requestAnimationFrame(frame);
    const observer = new MutationObserver((changes) => {
        const now = Date.now();
        for (const change of changes)
            for (const node of change.addedNodes)
                for (const found of node.textContent.matchAll(/@(\d+)@/g)) delays.push(now - Number(found[1]));
    });
    observer.observe(log, { childList: true, subtree: true });
    setTimeout(() => {
        observer.disconnect();
        running = false;
        delays.sort((a, b) => a - b);
        frames.sort((a, b) => a - b);
        const of = (all, part) => all[Math.floor(all.length * part)];
        done({ count: delays.length, p95: of(delays, 0.95), frame: of(frames, 0.99) });
    }, 4000);
})"""

IMAGES = """
from datetime import UTC, datetime
from jupyter_modelpack.commands.results import Images
from jupyter_modelpack.engine.image_store import ImageRow
from jupyter_modelpack.frontends.live import tables as source
from jupyter_modelpack.frontends.widgets import tables_panel
from jupyter_modelpack.oci.digest import Digest

now = datetime.now(UTC)
rows = tuple(ImageRow(f"team/model-{n:05}", "1", Digest.of(str(n).encode()), now, n, n % 2 == 0) for n in range(10_000))
"""
"""A stand-in's list: ten thousand images would fill the disk of a real engine."""

LISTED = 'tables_panel.TablesPanel(["images"], known={"images": Images("docker", rows)})'

DRAWN = """(number) => new Promise((done) => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.activeCellIndex = number;
    content.mode = "command";
    const node = content.widgets[number].node;
    const began = performance.now();
    new MutationObserver((_, observer) => {
        if (!node.querySelector(".mp-panel tbody td")) return;
        observer.disconnect();
        requestAnimationFrame(() => done(performance.now() - began));
    }).observe(node, { childList: true, subtree: true });
    void window.jupyterapp.commands.execute("notebook:run-cell");
})"""


def load_ext() -> float:
    """Milliseconds of `%load_ext`, the median of five fresh interpreters."""
    return statistics.median(float(subprocess.check_output([sys.executable, "-c", LOAD])) for _ in range(5))


def panel_visible(notebook: Notebook, pause: float) -> list[float]:
    """Milliseconds from Shift-Enter to the painted panel, six times, `pause` milliseconds after `%load_ext`."""
    notebook.finish(0)
    notebook.page.wait_for_timeout(pause)
    times = []
    for _ in range(6):
        times.append(notebook.page.evaluate(WATCH, 1))
        notebook.page.wait_for_selector('.mp-panel[data-state="failed"]')
    return times


def log_delay(notebook: Notebook) -> dict[str, float]:
    """Delay of lines at a thousand a second, and the longest of a hundred frames meanwhile."""
    for number in (0, 1):
        notebook.finish(number)
    notebook.panel(1).locator("summary").filter(has_text="Log").click()
    notebook.run(2)
    return notebook.page.evaluate(DELAY)


def images_listed(notebook: Notebook) -> float:
    """Milliseconds from Shift-Enter to ten rows of ten thousand images."""
    notebook.finish(0)
    return notebook.page.evaluate(DRAWN, 1)


@contextmanager
def lab(folder: Path) -> Iterator[tuple[Jupyter, Page]]:
    """A JupyterLab with a page in front of it."""
    env = {**os.environ, "MODELPACK_ENGINE": "process", "MODELPACK_HOME": str(folder / "home")}
    env["MODELPACK_BASE_IMAGE"] = str(folder / "nosuch")
    with Jupyter(folder / "jupyter", env) as jupyter, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield jupyter, chromium.new_page(viewport={"width": 1280, "height": 900})
        chromium.close()


def measure() -> list[tuple[str, float, float]]:
    """Return name, milliseconds, promised milliseconds of each."""
    rows = [("%load_ext", load_ext(), 100.0)]
    with tempfile.TemporaryDirectory() as scratch, lab(Path(scratch)) as (jupyter, page):
        loads, in_a_row = [], []
        for number in range(3):
            notebook = Notebook(page, jupyter, "lab", [LOAD_HERE, CELL], f"row-{number}.ipynb")
            in_a_row.append(panel_visible(notebook, 0))
            loads.append(float(notebook.output(0).inner_text()))
        as_read = panel_visible(Notebook(page, jupyter, "lab", [LOAD_HERE, CELL], "read.ipynb"), READING)
        rows += [
            ("%load_ext in a notebook, with its head start", statistics.median(loads), 100.0),
            (
                "panel visible, first, all cells run in a row",
                statistics.median(times[0] for times in in_a_row),
                150.0,
            ),
            ("panel visible, first, 2 s after %load_ext", as_read[0], 150.0),
            ("panel visible, later ones", statistics.median(in_a_row[-1][1:] + as_read[1:]), 150.0),
        ]
        found = log_delay(Notebook(page, jupyter, "lab", [FLOOD, "panel", "thread.start()"], "log.ipynb"))
        rows += [
            (f"log delay at 1,000 lines/s (95 % of {found['count']:.0f} lines)", found["p95"], 300.0),
            ("longest frame meanwhile (99 %)", found["frame"], 200.0),
        ]
        listed = images_listed(Notebook(page, jupyter, "lab", [IMAGES, LISTED], "images.ipynb"))
        rows.append(("10,000 images listed", listed, 1000.0))
    return rows


def main() -> int:
    """Measure, print, judge."""
    rows = measure()
    for name, took, promised in rows:
        print(f"{name:<48} {took:7.0f} ms   promised {promised:5.0f} ms   {_verdict(took, promised)}")
    return int(any(took > promised for _, took, promised in rows))


def _verdict(took: float, promised: float) -> str:
    return "ok" if took <= promised else "BROKEN"


if __name__ == "__main__":
    sys.exit(main())
