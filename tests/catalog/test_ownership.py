"""Another user's config.json and workspace are not obeyed (threat-model.md T13, as git's CVE-2022-24765)."""

import json
import logging
import os
import pwd
from pathlib import Path

import pytest

from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.catalog import config_file
from jupyter_modelpack.errors import Denied, NotFound

NOBODY = pwd.getpwnam("nobody").pw_uid
MINE = os.getuid()


@pytest.fixture
def trap(tmp_path: Path) -> Workspace:
    return Workspace.create("trap", path=tmp_path / "trap")


def given_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `path` belong to another user: as root for real, else by being another user ourselves."""
    if MINE == 0:
        os.chown(path, NOBODY, -1, follow_symlinks=False)
    else:
        monkeypatch.setattr(os, "getuid", lambda: NOBODY)


def test_a_config_that_another_user_planted_is_passed_over(trap, here: Path, monkeypatch, caplog):
    (here / ".azureml").mkdir()
    planted = here / ".azureml" / "config.json"
    planted.write_text(json.dumps({"workspace_name": "trap", "path": str(trap.path)}))
    assert Workspace.from_config() == trap
    given_away(planted, monkeypatch)
    with caplog.at_level(logging.WARNING), pytest.raises(NotFound):
        Workspace.from_config()
    assert f"{planted} is passed over" in caplog.text


def test_another_users_link_to_a_file_of_ours_is_passed_over(trap, here: Path, monkeypatch):
    trap.write_config(here, "mine.json")
    link = here / "config.json"
    link.symlink_to(here / ".azureml" / "mine.json")
    assert config_file.search(here) == link
    given_away(link, monkeypatch)
    assert config_file.search(here) is None


def test_a_workspace_of_another_user_is_refused_saying_whose(trap, here: Path, monkeypatch):
    trap.write_config(here)
    given_away(trap.path / "modelpack.json", monkeypatch)
    for door in (Workspace.default, Workspace.from_config, lambda: Workspace(path=trap.path)):
        with pytest.raises(Denied, match=f"belongs to {pwd.getpwuid(NOBODY).pw_name if MINE == 0 else ''}"):
            door()


def test_roots_config_is_obeyed(trap, here: Path, monkeypatch):
    trap.write_config(here)
    if MINE == 0:
        monkeypatch.setattr(os, "getuid", lambda: NOBODY)
    assert Workspace.from_config() == trap


def test_the_list_leaves_out_what_belongs_to_another_user(ws: Workspace, monkeypatch, caplog):
    other = Workspace.create("other")
    (other.path / "modelpack.json").write_text('{"name": "other"}')
    assert set(Workspace.list()) == {"other", "tutorial"}
    given_away(other.path / "modelpack.json", monkeypatch)
    assert "other" not in Workspace.list()
    assert "belongs to" in caplog.text
