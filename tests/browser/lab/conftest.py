"""JupyterLab with the side panel, from the wheel as users install it, under a base address and with a token."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.jupyter import Jupyter
from tests.browser.lab.panel import SETTINGS, SidePanel
from tests.frontends.lab.jupyter_client import BASE, answering, environment
from tests.services.wheel import environment as installed


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, docker_host: str, base_image: Path) -> Iterator[Jupyter]:
    """One server for all tests; nothing of this checkout is in its environment but the wheel."""
    folder = tmp_path_factory.mktemp("lab")
    env = environment(folder, MODELPACK_ENGINE="docker", DOCKER_HOST=docker_host, MODELPACK_BASE_IMAGE=str(base_image))
    saved = folder / "config" / "lab" / "user-settings" / "jupyter-modelpack" / "panel.jupyterlab-settings"
    saved.parent.mkdir(parents=True)
    saved.write_text(json.dumps(SETTINGS))
    with Jupyter(folder, env, python=installed() / "bin" / "python", base=BASE) as server:
        answering(server)
        yield server


@pytest.fixture
def panel(page: Page, lab: Jupyter) -> SidePanel:
    return SidePanel(page, lab)


@pytest.fixture
def calm(page: Page, lab: Jupyter) -> SidePanel:
    """A panel of its own, where nothing of other tests is restored, once JupyterLab takes the focus no more."""
    return SidePanel(page, lab, workspace=f"calm-{uuid.uuid4().hex[:8]}", fresh=True)
