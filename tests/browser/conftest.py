"""A browser, and a Jupyter with a real engine behind it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS
from tests.browser.jupyter import PATIENCE, Jupyter
from tests.services import packages


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    packages.need("chromium")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory, docker_host: str, base_image: Path) -> Iterator[Jupyter]:
    """One server for all tests; each opens a notebook of its own, with a kernel of its own."""
    folder = tmp_path_factory.mktemp("jupyter")
    env = {
        **os.environ,
        "DOCKER_HOST": docker_host,
        "DOCKER_CONFIG": str(folder / "docker"),
        "MODELPACK_ENGINE": "docker",
        "MODELPACK_BASE_IMAGE": str(base_image),
        "MODELPACK_HOME": str(folder / "home"),
    }
    with Jupyter(folder, env) as server:
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()
