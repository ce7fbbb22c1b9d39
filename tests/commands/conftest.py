"""A command line to type into, and who is signed in to the real registry."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.frontends import cli
from tests.commands.docker_login import pair
from tests.services.registry import Account

Typed = Callable[..., tuple[int, dict, str]]


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Typed:
    """Type a command line; get its exit code, what it answers, what it complains of."""

    def run(*words: str) -> tuple[int, dict, str]:
        code = cli.main([*words, "--json"])
        told = capsys.readouterr()
        return code, json.loads(told.out) if told.out.startswith("{") else {}, told.err

    return run


@pytest.fixture
def signed_in(cncf_registry: Account, tmp_path: Path) -> None:
    """As docker login leaves it."""
    (tmp_path / ".docker").mkdir()
    kept = {"auths": {cncf_registry.address: {"auth": pair(cncf_registry)}}}
    (tmp_path / ".docker/config.json").write_text(json.dumps(kept))
