"""Take the README's picture: `python -m tests.browser.picture`."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import docker
from playwright.sync_api import sync_playwright

from tests.browser.chromium import ARGUMENTS
from tests.browser.jupyter import Jupyter
from tests.browser.notebook import Notebook
from tests.services import CHECKOUT, base, dockerd

TARGET = CHECKOUT / "notebooks" / "images" / "package.png"
NAME = "diabetes-service"
CELLS = [
    "%load_ext jupyter_modelpack",
    """from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

X, y = load_diabetes(return_X_y=True)
ridge = Ridge(alpha=0.5).fit(X, y)""",
    f"%modelpack package ridge --sample X[:2] --name {NAME}",
    "%modelpack images",
    "%modelpack run --port 0",
    "%modelpack kill",
]


def forget() -> None:
    """Remove what the last picture left in the engine."""
    client = docker.DockerClient(base_url=dockerd.up())
    for container in client.containers.list(all=True, filters={"name": NAME}):
        container.remove(force=True)
    for image in client.images.list():
        if any(tag.partition("/")[2].startswith(f"{NAME}:") for tag in image.tags):
            client.images.remove(image.id, force=True)


def take(folder: Path, target: Path, theme: str) -> None:
    """Package, list, run, score; take the notebook as it then looks."""
    home = CHECKOUT / ".cache" / "picture"
    shutil.rmtree(home / "workspaces", ignore_errors=True)  # what is cached stays, what was packaged does not
    forget()
    env = {
        **os.environ,
        "DOCKER_HOST": dockerd.up(),
        "DOCKER_CONFIG": str(folder / "docker"),
        "MODELPACK_ENGINE": "docker",
        "MODELPACK_BASE_IMAGE": str(base.layout()),
        "MODELPACK_HOME": str(home),
    }
    with Jupyter(folder, env) as jupyter, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = chromium.new_page(viewport={"width": 1000, "height": 1800})
        notebook = Notebook(page, jupyter, "notebook", CELLS, "package.ipynb")
        if theme != "JupyterLab Light":
            notebook.theme(theme)
        for cell in range(3):
            notebook.finish(cell)
        page.wait_for_selector('.mp-panel[data-state="done"]', timeout=300_000)
        notebook.finish(3)
        notebook.panel(3).get_by_role("searchbox").fill(NAME)
        notebook.finish(4)
        service = notebook.panel(4)
        service.get_by_role("button", name="Score").click()
        service.locator(".mp-answer:not(.mp-hidden)").wait_for()
        page.evaluate("document.activeElement?.blur()")
        page.wait_for_timeout(1500)
        cells = page.locator(".jp-Notebook .jp-CodeCell")
        first, last = cells.nth(0).bounding_box(), cells.nth(4).bounding_box()
        clip = {"x": first["x"], "y": first["y"] - 6, "width": first["width"] + 6}
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target, clip={**clip, "height": last["y"] + last["height"] - first["y"] + 12})
        notebook.finish(5)
        chromium.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        take(
            Path(scratch) / "jupyter",
            Path(sys.argv[1]) if sys.argv[1:] else TARGET,
            *(sys.argv[2:] or ["JupyterLab Light"]),
        )
