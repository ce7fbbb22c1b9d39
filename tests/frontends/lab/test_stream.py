"""The stream of events as a socket: behind a hub's proxy, and when its page is gone without a word."""

import base64
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.browser.jupyter import Jupyter
from tests.frontends.lab.jupyter_client import BASE, Client, answering, environment
from tests.slow_imports import SKIPPED

SETTINGS = {"allow_remote_access": True, "tornado_settings": {"ws_ping_interval": 500, "ws_ping_timeout": 3000}}
"""As a hub starts it; and pings come often enough for a test."""

NO_MORE_THREADS = """
from jupyter_modelpack.frontends.lab.watcher import Watcher
watch = Watcher.watch
def limited(self, where, by):
    watch(self, where, by)
    if by > 0 and where.engine == "podman":
        raise RuntimeError("can't start new thread")
Watcher.watch = limited
"""
"""Where the system refuses a thread to those who ask for Podman."""

OLDER = f"""
{SKIPPED}
import jupyter_server.auth.decorator as known
del known.ws_authenticated
import jupyter_modelpack.frontends.lab.routes
"""
"""What a Jupyter server before 2.13 lacks."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("hub")
    (folder / "config").mkdir()
    (folder / "config" / "jupyter_server_config.json").write_text(json.dumps({"ServerApp": SETTINGS}))
    (folder / "config" / "jupyter_server_config.py").write_text(NO_MORE_THREADS)
    with Jupyter(folder, environment(folder), app="jupyter_server", base=BASE) as server:
        answering(server)
        yield Client(server)


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://hub.example", 101), ("https://evil.example", 403), ("https://hub.example:444", 403), ("null", 403)],
)
def test_pages_that_a_proxy_serves_may_open_it_and_others_may_not(hub: Client, origin: str, status: int):
    sent = {"Authorization": f"token {hub.server.token}", "Host": "hub.example", "Origin": origin}
    assert hub.raw("GET", "events", headers=sent).status_code == status


def test_a_page_that_does_not_answer_is_let_go_and_one_that_does_is_kept(hub: Client):
    stream, heard = hub.events(), []
    reading = threading.Thread(target=lambda: heard.append(stream.until("changed")), daemon=True)
    reading.start()  # reading is what answers pings
    with opened(hub) as page:
        page.settimeout(30)
        while page.recv(1 << 16):  # what it is told, and pings; no answer
            pass
    assert hub.post("do/gc").status_code == 200
    reading.join(30)
    stream.close()
    assert len(heard) == 1


def test_a_stream_that_cannot_begin_is_closed(hub: Client):
    stream = hub.events(engine="podman")
    with pytest.raises(AssertionError, match="the stream ended"):
        stream.until("pulse")


def test_the_extension_loads_in_a_jupyter_server_before_2_13():
    subprocess.run([sys.executable, "-c", OLDER], check=True, timeout=60)


def opened(client: Client) -> socket.socket:
    """Open the stream and do nothing of what the protocol asks of a page."""
    made = socket.create_connection(("127.0.0.1", client.server.port))
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {client.server.base}jupyter-modelpack/events HTTP/1.1", f"Host: 127.0.0.1:{client.server.port}",
        f"Authorization: token {client.server.token}", "Connection: Upgrade", "Upgrade: websocket",
        "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "", "",
    ]  # fmt: skip
    made.sendall("\r\n".join(lines).encode())
    return made
