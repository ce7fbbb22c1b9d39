"""The server most tests can share."""

from collections.abc import Iterator

import pytest

from tests.scoring.service import Service, running


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server whose run() gives back the JSON it gets."""
    with running(tmp_path_factory.mktemp("echo")) as service:
        yield service
