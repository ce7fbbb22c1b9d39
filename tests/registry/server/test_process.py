"""The registry as a process of its own: on demand, once, gone when nobody needs it."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from jupyter_modelpack.errors import Conflict, Unavailable, Untrusted
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import LAYER
from jupyter_modelpack.registry.server import process
from jupyter_modelpack.registry.server.endpoint import PORTS, Endpoint
from jupyter_modelpack.registry.server.probe import Presence, ask_to_leave, who_answers
from jupyter_modelpack.registry.server.process import ensure_serving, serve, start_detached
from jupyter_modelpack.registry.server.server import LEAVE, RegistryServer
from jupyter_modelpack.store.layout import Layout
from tests.registry.samples import sample
from tests.services import CHECKOUT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    layout, _image = sample(tmp_path / "workspace")
    (layout.path / "registry.json").write_bytes(Endpoint.create().to_json())
    return layout.path


@pytest.fixture
def endpoint(folder: Path) -> Endpoint:
    return Endpoint.from_json((folder / "registry.json").read_bytes())


@pytest.fixture
def command(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    yield [sys.executable, "-P", "-m", "tests.registry.keeper", str(folder)]
    shutil.rmtree(folder, ignore_errors=True)


def wait_for_end(process_id: int, seconds: float = 15) -> bool:
    """Whether the process ends in time; it is nobody's child here, so ask the kernel to tell."""
    try:
        handle = os.pidfd_open(process_id)
    except ProcessLookupError:
        return True
    try:
        import select

        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def tags(endpoint: Endpoint) -> list[str]:
    login = (endpoint.username, endpoint.password.reveal())
    return requests.get(f"http://{endpoint.address}/v2/package/tags/list", auth=login, timeout=5).json()["tags"]


def test_it_outlives_the_script_that_started_it(endpoint, command):
    script = "import sys; from pathlib import Path; from jupyter_modelpack.registry.server import endpoint, process; "
    script += "e = endpoint.Endpoint.from_json((Path(sys.argv[-1]) / 'registry.json').read_bytes()); "
    script += "process.ensure_serving(e, sys.argv[1:])"
    subprocess.run([sys.executable, "-c", script, *command], check=True, timeout=30)
    assert who_answers(endpoint) is Presence.OURS
    assert tags(endpoint) == ["1", "2", "3"]


def test_the_second_time_nothing_is_started(endpoint, command):
    ensure_serving(endpoint, command)
    ensure_serving(endpoint, ["/no/such/program"])


def test_it_is_a_daemon(command):
    process_id = start_detached(command)
    assert process_id
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    assert int(fields[1]) != os.getpid()
    assert os.getsid(process_id) != os.getsid(0)
    links = {n: str(Path(f"/proc/{process_id}/fd/{n}").readlink()) for n in range(3)}
    assert links == dict.fromkeys(range(3), os.devnull)


def test_the_password_is_not_in_the_process_list(endpoint, command):
    process_id = start_detached(command)
    for name in ("cmdline", "environ"):
        assert endpoint.password.reveal().encode() not in Path(f"/proc/{process_id}/{name}").read_bytes()


def test_a_second_child_leaves_quietly(endpoint, command):
    assert start_detached(command)
    assert start_detached(command) is None
    assert who_answers(endpoint) is Presence.OURS


def test_many_start_at_once(endpoint, command):
    failures = []

    def start() -> None:
        try:
            ensure_serving(endpoint, command)
        except Conflict as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert who_answers(endpoint) is Presence.OURS


def test_sigterm_ends_it_at_once(endpoint, command):
    process_id = start_detached(command)
    with socket.create_connection((endpoint.host, endpoint.port)) as lingering:
        lingering.sendall(b"GET /v2/ HT")
        os.kill(process_id, signal.SIGTERM)
        assert wait_for_end(process_id, 2)
    assert who_answers(endpoint) is Presence.NOBODY


def test_the_one_in_the_background_makes_way_for_one_in_the_foreground(endpoint, command, folder):
    """A pull leaves a registry behind; what it is just sending still arrives."""
    process_id = start_detached(command)
    big = Layout(folder).put_bytes(LAYER, random.Random(1).randbytes(30_000_000))
    ready = threading.Event()
    login = (endpoint.username, endpoint.password.reveal())
    with requests.get(
        f"http://{endpoint.address}/v2/package/blobs/{big.digest}", auth=login, stream=True, timeout=30
    ) as download:
        said = [next(download.iter_content(1 << 20))]
        serving = {"idle_seconds": 1.5, "ready": ready.set}
        foreground = threading.Thread(target=serve, args=(Layout(folder), endpoint), kwargs=serving)
        foreground.start()
        assert ready.wait(10)
        assert tags(endpoint) == ["1", "2", "3"]
        assert not wait_for_end(process_id, 0.2)
        said += download.iter_content(1 << 20)
    assert Digest.of(b"".join(said)) == big.digest
    assert wait_for_end(process_id)
    foreground.join(15)


def test_one_in_the_foreground_stays(endpoint, folder):
    layout = Layout(folder)
    with RegistryServer(layout, endpoint):
        assert not ask_to_leave(endpoint)
        with pytest.raises(Conflict, match="holds that port"):
            serve(layout, endpoint)
        login = (endpoint.username, "wrong")
        assert requests.post(f"http://{endpoint.address}{LEAVE}", auth=login, timeout=5).status_code == 401


def test_nobody_is_asked_to_leave_without_the_password(endpoint, command):
    start_detached(command)
    assert requests.post(f"http://{endpoint.address}{LEAVE}", timeout=5).status_code == 401
    assert who_answers(endpoint) is Presence.OURS


def test_it_ends_when_idle(command):
    assert wait_for_end(start_detached([*command, "--idle=0.2"]))


def test_it_ends_when_its_store_is_gone(command, folder):
    process_id = start_detached([*command, "--check=0.1"])
    (folder / "oci-layout").unlink()
    assert wait_for_end(process_id)


def test_it_comes_back_after_its_end(endpoint, command):
    process_id = start_detached(command)
    os.kill(process_id, signal.SIGTERM)
    assert wait_for_end(process_id)
    ensure_serving(endpoint, command)
    assert tags(endpoint) == ["1", "2", "3"]


def test_a_child_that_fails_says_why(command, folder):
    (folder / "registry.json").write_text("{}")
    with pytest.raises(Unavailable, match=r"could not be started: .*registry\.json"):
        start_detached(command)


def test_a_program_that_is_not_there(endpoint):
    with pytest.raises(FileNotFoundError):
        start_detached(["/no/such/program"])


def test_a_child_that_never_says_anything_is_ended():
    sleeper = [sys.executable, "-c", "import sys, time; time.sleep(60)"]
    with pytest.raises(Unavailable, match="did not listen within 0 seconds"):
        start_detached(sleeper, seconds=0.3)


def test_a_stranger_on_the_port_is_named(endpoint, command):
    def disconnect() -> None:
        stranger.accept()[0].close()

    with socket.create_server((endpoint.host, endpoint.port)) as stranger:
        answering = threading.Thread(target=disconnect, daemon=True)
        answering.start()
        with pytest.raises(Conflict) as caught:
            ensure_serving(endpoint, command)
    assert f"process {os.getpid()}" in caught.value.message
    assert "registry.json" in caught.value.hint


def test_a_stranger_does_not_learn_the_password(endpoint, command):
    heard = []

    def listen() -> None:
        connection, _address = stranger.accept()
        with connection:
            heard.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Modelpack-Registry: 00\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server((endpoint.host, endpoint.port)) as stranger:
        answering = threading.Thread(target=listen, daemon=True)
        answering.start()
        with pytest.raises(Conflict, match="another workspace"):
            ensure_serving(endpoint, command)
        answering.join(5)
    assert heard
    assert b"authorization" not in heard[0].lower()
    assert endpoint.password.reveal().encode() not in heard[0]


def test_a_silent_stranger_is_waited_for_only_so_long(endpoint, command, monkeypatch):
    monkeypatch.setattr("jupyter_modelpack.registry.server.probe.SECONDS", 0.2)
    with socket.create_server((endpoint.host, endpoint.port)), pytest.raises(Conflict):
        ensure_serving(endpoint, command)


def test_in_the_foreground_a_taken_port_is_a_conflict(endpoint, folder):
    layout = Layout(folder)
    with RegistryServer(layout, endpoint), pytest.raises(Conflict, match=endpoint.address):
        serve(layout, endpoint)


def test_in_the_foreground_signals_stay_as_they_are(endpoint, folder):
    before = signal.getsignal(signal.SIGTERM)
    serve(Layout(folder), endpoint, wanted=lambda: False, idle_seconds=0.1)
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_clock_restarts_with_each_request(endpoint, folder, monkeypatch):
    monkeypatch.setattr(process, "CHECK_SECONDS", 0.05)
    answers = []

    def ask_thrice() -> None:
        for _ in range(3):
            threading.Event().wait(0.4)
            answers.append(who_answers(endpoint))

    asking = threading.Thread(target=ask_thrice)
    asking.start()
    serve(Layout(folder), endpoint, idle_seconds=0.8)
    asking.join()
    assert answers == [Presence.OURS] * 3


def test_an_endpoint_survives_the_disk():
    made = Endpoint.create()
    assert Endpoint.from_json(made.to_json()) == made
    assert made.port in PORTS
    assert made.password.reveal() not in repr(made)
    assert len(made.password.reveal()) >= 32


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"port": "1", "username": "a", "password": "b"}',
        b'{"port": true, "username": "a", "password": "b"}',
        b'{"port": 70000, "username": "a", "password": "b"}',
        b'{"port": 1, "username": 2, "password": "b"}',
        b'{"port": 1, "username": "a", "password": 3}',
        b'{"port": 1, "username": "a", "password": ""}',
    ],
)
def test_a_damaged_endpoint_is_refused(data):
    with pytest.raises(Untrusted, match=r"registry\.json"):
        Endpoint.from_json(data)
