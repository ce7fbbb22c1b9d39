"""Paths that people type."""

from pathlib import Path

import pytest

from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.home import expand


def test_a_tilde_is_a_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert expand("~/x") == Path("/home/ada/x")
    assert expand("./~x") == Path("~x")


def test_a_user_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="no user 'nosuchuser'") as caught:
        expand("~nosuchuser/x")
    assert "./~nosuchuser/x" in caught.value.hint
