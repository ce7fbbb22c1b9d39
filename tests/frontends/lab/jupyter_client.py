"""A Jupyter server under a base address, and a client of the side panel's routes."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests
import websocket
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests.browser.jupyter import Jupyter

BASE = "/user/someone/"
"""As on JupyterHub."""


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "c29tZSBzaXh0ZWVuIGJ5dA==",
}
"""What makes a request one for a socket."""


@dataclass
class Client:
    """A client with the token; `raw` asks without it."""

    server: Jupyter

    @property
    def url(self) -> str:
        return f"{self.server.root}jupyter-modelpack/"

    def raw(self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> requests.Response:
        more["headers"] = {**(UPGRADE if path == "events" else {}), **(headers or {})}
        return requests.request(method, self.url + path, timeout=60, allow_redirects=False, **more)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.raw("GET", path, params=query, headers={"Authorization": f"token {self.server.token}"})

    def post(self, path: str, form: Any = None) -> requests.Response:
        return self.raw("POST", path, json=form or {}, headers={"Authorization": f"token {self.server.token}"})

    def finish(self, verb: str, form: Any = None) -> dict[str, Any]:
        """Start a job; return it when it has ended."""
        answer = self.post(f"start/{verb}", form)
        assert answer.status_code == 202, answer.text
        stream = self.events()
        _, jobs = stream.until("whole")
        [job] = [one for one in jobs if one["id"] == answer.json()["id"]]
        if not ended(job):
            _, job = stream.until("job", lambda one: one["id"] == answer.json()["id"] and ended(one))
        stream.close()
        return job

    def events(self, last: str = "", **query: Any) -> "Events":
        address = f"{self.url.replace('http', 'ws', 1)}events?{urlencode({'last': last, **query})}"
        sent = [f"Authorization: token {self.server.token}"]
        return Events(websocket.create_connection(address, timeout=30, header=sent, suppress_origin=True))


def ended(job: dict[str, Any]) -> bool:
    return job["state"] != "running"


class Events:
    """The stream, event by event."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self.socket = socket

    def __iter__(self) -> Iterator[tuple[str, str, Any]]:
        while text := self.socket.recv():
            found = json.loads(text)
            yield found["id"], found["kind"], found["data"]

    def until(self, kind: str, wanted: Any = lambda _data: True) -> tuple[str, Any]:
        """Return the first event of that kind that is as wanted, with its number."""
        for number, what, data in self:
            if what == kind and wanted(data):
                return number, data
        raise AssertionError(f"the stream ended before {kind}")

    def close(self) -> None:
        self.socket.close()


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "MODELPACK_"))},
        "DOCKER_CONFIG": str(folder / "docker"),
        "MODELPACK_ENGINE": "process",
        "MODELPACK_HOME": str(folder / "home"),
        **more,
    }


@contextmanager
def serving(folder: Path, base_image: Path) -> Iterator[Client]:
    """Start a Jupyter server under a base address, without a container engine."""
    env = environment(folder, MODELPACK_BASE_IMAGE=str(base_image))
    with Jupyter(folder, env, app="jupyter_server", base=BASE) as server:
        answering(server)
        yield Client(server)


def answering(server: Jupyter) -> None:
    """Wait until it answers: it says so a moment before."""
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(connect=20, backoff_factor=0.02)))
        session.get(server.root, timeout=30)
