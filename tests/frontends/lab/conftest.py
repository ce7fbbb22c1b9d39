"""A real Jupyter server, one for each file of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.frontends.lab.jupyter_client import Client, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, base_image: Path) -> Iterator[Client]:
    """One server for all tests of a file."""
    with serving(tmp_path_factory.mktemp("jupyter"), base_image) as client:
        yield client


@pytest.fixture
def fresh_server(tmp_path: Path, base_image: Path) -> Iterator[Client]:
    """A server that nobody has asked anything yet."""
    with serving(tmp_path, base_image) as client:
        yield client
