"""Who is signed in to the real registry."""

import base64
import json
from pathlib import Path

import pytest

from tests.services.registry import Account


def pair(account: Account) -> str:
    return base64.b64encode(f"{account.username}:{account.password}".encode()).decode()


@pytest.fixture
def signed_in(cncf_registry: Account, tmp_path: Path) -> None:
    """As docker login leaves it."""
    (tmp_path / ".docker").mkdir()
    kept = {"auths": {cncf_registry.address: {"auth": pair(cncf_registry)}}}
    (tmp_path / ".docker/config.json").write_text(json.dumps(kept))
