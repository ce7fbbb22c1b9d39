"""A real Jupyter server, one for each file of tests."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests.browser.jupyter import Jupyter

BASE = "/user/someone/"
"""As on JupyterHub."""


@dataclass
class Client:
    """Somebody with the token; `raw` is anybody."""

    server: Jupyter

    @property
    def url(self) -> str:
        return f"{self.server.root}jupyter-modelpack/"

    def raw(self, method: str, path: str, **more: Any) -> requests.Response:
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
        headers = {"Authorization": f"token {self.server.token}", "Last-Event-ID": last, "Accept-Encoding": "identity"}
        return Events(requests.get(self.url + "events", params=query, headers=headers, stream=True, timeout=30))


def ended(job: dict[str, Any]) -> bool:
    return job["state"] != "running"


class Events:
    """The stream, event by event."""

    def __init__(self, response: requests.Response) -> None:
        assert response.status_code == 200, response.text
        self.response, self._lines = response, response.iter_lines(decode_unicode=True, chunk_size=1)

    def __iter__(self) -> Iterator[tuple[str, str, Any]]:
        found: dict[str, str] = {}
        for line in self._lines:
            if line:
                name, _, value = line.partition(": ")
                found[name] = value
            elif "data" in found:
                yield found.get("id", ""), found["event"], json.loads(found["data"])
                found = {}
            else:
                found = {}

    def until(self, kind: str, wanted: Any = lambda _data: True) -> tuple[str, Any]:
        """Return the first event of that kind that is as wanted, with its number."""
        for number, what, data in self:
            if what == kind and wanted(data):
                return number, data
        raise AssertionError(f"the stream ended before {kind}")

    def close(self) -> None:
        self.response.close()


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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, base_image: Path) -> Iterator[Client]:
    """One server for all tests of a file."""
    with serving(tmp_path_factory.mktemp("jupyter"), base_image) as client:
        yield client


@pytest.fixture
def fresh_server(tmp_path: Path, base_image: Path) -> Iterator[Client]:
    """A server that nobody has asked anything yet."""
    with serving(tmp_path, base_image) as client:
        yield client


def answering(server: Jupyter) -> None:
    """Wait until it answers: it says so a moment before."""
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(connect=20, backoff_factor=0.02)))
        session.get(server.root, timeout=30)
