"""Choosing an engine, with one clear sentence when there is none."""

import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from jupyter_modelpack.engine.select import choose, why_no_engine
from jupyter_modelpack.errors import Denied, ModelpackError, Unavailable, UsageError


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A DOCKER_HOST where nothing is."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")


@pytest.fixture
def answering(tmp_path, monkeypatch):
    """A DOCKER_HOST that answers every request with the given bytes, or with silence."""

    def start(answer: bytes | None):
        server = socket.socket(socket.AF_UNIX)
        path = tmp_path / "engine.sock"
        server.bind(str(path))
        server.listen()
        stack.append(server)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")

        def serve():
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                stack.append(client)
                if answer is not None:
                    client.recv(65536)
                    client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return path

    stack: list[socket.socket] = []
    yield start
    for thing in stack:
        thing.close()


def reply(status: str, body: object) -> bytes:
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


def test_a_real_engine_is_chosen_by_itself(docker_host, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    assert choose().name == "docker"
    assert choose().images is not None
    assert "20.10" in choose("docker").describe()
    assert docker_host in choose("docker").describe()


def test_podman_names_itself_at_any_address(podman_host, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", podman_host)
    assert [choose(name).name for name in ("podman", "docker", None)] == ["podman"] * 3
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("CONTAINER_HOST", podman_host)
    assert choose("podman").name == "podman"


def test_the_docker_command_s_context_is_followed(docker_host, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    argv = ["docker", "context", "create", "private", "--docker", f"host={docker_host}"]
    subprocess.run(argv, check=True, capture_output=True)
    subprocess.run(["docker", "context", "use", "private"], check=True, capture_output=True)
    program = "from jupyter_modelpack.engine.select import choose; print(choose('docker').describe())"
    said = subprocess.check_output([sys.executable, "-c", program], text=True, env=dict(os.environ))
    assert f"at {docker_host} (the Docker context 'private')" in said


def test_without_an_engine_it_is_the_process_engine(nowhere):
    assert choose().name == "process"
    assert choose().images is None


def test_the_environment_decides_where_nobody_does(docker_host, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    assert choose().name == "process"
    assert choose("docker").name == "docker"
    monkeypatch.setenv("MODELPACK_ENGINE", "dokcer")
    with pytest.raises(UsageError, match=r"No engine is called 'dokcer' \(MODELPACK_ENGINE\)"):
        choose()


def test_an_absent_engine_is_said_in_one_sentence(nowhere, tmp_path):
    with pytest.raises(Unavailable, match=r"there is no socket .*none\.sock \(DOCKER_HOST\)\.") as caught:
        choose("docker")
    assert "Install Docker or Podman" in caught.value.hint
    assert why_no_engine().startswith("Not isolated: the service runs as a local process. No container engine")
    assert "Install Docker" in why_no_engine()


def test_a_refused_connection_is_said(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(Unavailable, match="does not answer: the connection was refused"):
            choose("docker")


def test_a_silent_engine_is_given_up_soon(answering):
    answering(None)
    with pytest.raises(Unavailable, match="does not answer: it keeps silent"):
        choose("docker")


@pytest.mark.parametrize("host", ["foo://x", "not a host", "tcp://"])
def test_a_wrong_address_is_said(host, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(ModelpackError, match="DOCKER_HOST"):
        choose("docker")
    assert choose().name == "process"


def test_an_old_engine_is_said(answering):
    answering(reply("200 OK", {"ApiVersion": "1.12", "Version": "1.0.0"}))
    with pytest.raises(Unavailable, match="speaks a version of the Docker API") as caught:
        choose("docker")
    assert "Update the engine" in caught.value.hint


def test_a_socket_one_may_not_use_is_said(answering, monkeypatch):
    path = answering(None)
    path.chmod(0o600)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may use every socket
    with pytest.raises(Denied, match="you may not use its socket") as caught:
        choose("docker")
    assert "group" in caught.value.hint
    assert "you may not use" in why_no_engine()
    assert choose().name == "process"


def test_choosing_the_process_engine_loads_no_sdk():
    program = "import sys; from jupyter_modelpack.engine.select import choose; choose('process'); "
    program += "print(sorted({'docker', 'requests'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
