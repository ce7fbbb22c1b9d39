import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.delivery import local_registry
from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.registry.server.probe import Presence, who_answers
from tests.workspace_registries import end_registries


@pytest.fixture
def served(ws):
    yield ws
    ws.delete()  # its registry ends by itself once the workspace is gone


def test_address_and_password_stay(ws):
    endpoint = ws.endpoint()
    assert stat.S_IMODE((ws.path / "registry.json").stat().st_mode) == 0o600
    assert Workspace.get("tutorial").endpoint() == endpoint
    assert Workspace.create("other").endpoint() != endpoint


def test_a_damaged_file_says_what_to_do(ws):
    (ws.path / "registry.json").write_text("{}")
    with pytest.raises(Untrusted) as caught:
        ws.endpoint()
    assert "Delete it" in caught.value.hint


def test_serves_on_demand_and_ends_with_its_workspace(served):
    endpoint = served.endpoint()
    assert who_answers(endpoint) is Presence.NOBODY
    account = local_registry.account(served)
    assert who_answers(endpoint) is Presence.OURS
    assert (account.address, account.username, account.password.reveal()) == (
        endpoint.address,
        endpoint.username,
        endpoint.password.reveal(),
    )
    assert account.password.reveal() not in repr(account)
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not any(account.password.reveal().encode() in command for command in commands)
    served.delete()
    deadline = time.monotonic() + 15
    while who_answers(endpoint) is not Presence.NOBODY:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    Workspace.create("tutorial")


@pytest.mark.parametrize("how", ["made again", "another port", "folder gone"])
def test_it_ends_with_what_it_serves(served, how):
    endpoint = served.endpoint()
    local_registry.ensure(served)
    if how == "made again":
        served.delete()
        Workspace.create("tutorial").endpoint()
    elif how == "another port":
        (served.path / "registry.json").unlink()
        assert served.endpoint() != endpoint
    else:
        shutil.rmtree(served.path)
    deadline = time.monotonic() + 15
    while who_answers(endpoint) is not Presence.NOBODY:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    Workspace.create("tutorial", exist_ok=True)


def test_a_test_leaves_none_behind(served, tmp_path):
    local_registry.ensure(served)
    end_registries(tmp_path)
    deadline = time.monotonic() + 5
    while who_answers(served.endpoint()) is not Presence.NOBODY:
        assert time.monotonic() < deadline


def test_without_docker_login_is_only_a_warning(served, monkeypatch, tmp_path, capsys, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))
    local_registry.login(served)
    assert capsys.readouterr().out == f"Logging into Docker registry {served.endpoint().address}\n"
    assert "there is no docker command here" in caplog.text
    (tmp_path / "docker").write_text('#!/bin/sh\nread password\necho "no: $password" >&2\nexit 1\n')
    (tmp_path / "docker").chmod(0o755)
    local_registry.login(served)
    assert "is Docker installed and running?" in caplog.text
    assert served.endpoint().password.reveal() not in caplog.text


def test_the_program_says_what_it_wants():
    argv = [sys.executable, "-m", "jupyter_modelpack.delivery.serve_registry", "--help"]
    assert b"the workspace's folder" in subprocess.run(argv, capture_output=True, check=True, timeout=30).stdout
