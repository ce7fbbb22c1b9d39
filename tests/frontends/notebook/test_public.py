"""``run --public``: other computers reach the service, with a key."""

import http.client
import subprocess
import sys
import uuid

import pytest

from jupyter_modelpack.commands.score import ScoringFailed

pytestmark = pytest.mark.network

ELSEWHERE = "127.0.0.2"
"""Of this computer, too, but not the address that services are bound to for it alone."""


@pytest.fixture(params=["process", "docker"])
def name(request, shell, base_image, monkeypatch):
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setenv("MODELPACK_ENGINE", request.param)
    if request.param == "docker":
        monkeypatch.setenv("DOCKER_HOST", request.getfixturevalue("docker_host"))
    name = f"public-{uuid.uuid4().hex[:8]}"
    assert shell.run_cell(f"%%package --name {name} --sample 1\ndef init(): ...\ndef run(data): return 7").success
    yield name
    shell.run_cell(f"%modelpack kill {name}")


def status(port: int, key: str = "") -> int:
    client = http.client.HTTPConnection(ELSEWHERE, port, timeout=20)
    try:
        client.request("POST", "/score", "1", {"Authorization": f"Bearer {key}"} if key else {})
        return client.getresponse().status
    finally:
        client.close()


def test_keys_are_made_and_shown_once(shell, name, monkeypatch, capsys):
    shell.run_cell("%modelpack run --port 0")
    with pytest.raises(ConnectionRefusedError):
        status(shell.run_cell("%modelpack services").result.result.rows[0].port)
    capsys.readouterr()

    shell.run_cell("%modelpack run --port 0 --public --replace --as service")
    said, port = capsys.readouterr().out, shell.user_ns["service"].port
    keys = [line.split()[-1] for line in said.splitlines() if line.startswith(("key ", "second key "))]
    assert len(set(keys)) == 2
    assert min(map(len, keys)) > 40
    assert "shown this once" in said
    assert [status(port, key) for key in ("", "wrong", *keys)] == [401, 401, 200, 200]

    assert shell.run_cell("%modelpack run --port 0 --public").result.result.before
    assert "key" not in capsys.readouterr().out  # nor are they kept anywhere
    refused = shell.run_cell("%modelpack score").error_in_exec
    assert isinstance(refused, ScoringFailed)
    assert "asks for a key" in str(refused)
    monkeypatch.setenv("MODELPACK_KEY", keys[1])
    assert shell.run_cell("%modelpack score").result.result.value == 7

    shown = shell.run_cell("%modelpack client --as program").result
    program = shell.user_ns["program"]
    assert shown._repr_mimebundle_()["text/plain"] == program
    assert f'url = "http://127.0.0.1:{port}/score"' in program
    assert not any(key in program for key in keys)
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "7\n"
    shell.user_ns["rows"] = [[1, 2], [3, 4]]
    assert shell.run_cell("%modelpack client --data rows[:1] --as program").success
    assert "data = [[1, 2]]\n" in shell.user_ns["program"]


def test_keys_of_ones_own_are_taken(shell, name, capsys):
    shell.run_cell("%modelpack run --port 0 --public --env-var MODELPACK_KEYS=mine --as service")
    assert "shown this once" not in capsys.readouterr().out
    assert [status(shell.user_ns["service"].port, key) for key in ("", "mine")] == [401, 200]
