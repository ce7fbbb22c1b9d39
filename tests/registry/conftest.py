"""The same image in our registry, in the real CNCF one, in both."""

import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.registry.endpoint import Endpoint
from jupyter_modelpack.registry.server import RegistryServer
from jupyter_modelpack.store.layout import Layout
from tests.registry.samples import sample
from tests.services.registry import Account


@pytest.fixture(autouse=True)
def no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: what survives a power cut is the store's tests' business."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture
def sink(tmp_path: Path) -> Layout:
    return Layout.create(tmp_path / "sink")


@dataclass
class Served:
    """A registry that holds the sample image."""

    account: Account
    repository: str
    image: Image
    layout: Layout
    real: bool

    @property
    def login(self) -> tuple[str, str]:
        return self.account.username, self.account.password

    def ask(self, path: str, method: str = "GET", **options) -> requests.Response:
        url = f"http://{self.account.address}/v2/{path}"
        return requests.request(method, url, **{"auth": self.login, "timeout": 10, "allow_redirects": False} | options)


def serve_sample(path: Path, repository: str = "package"):
    layout, image = sample(path, repository)
    endpoint = Endpoint.create()
    account = Account(endpoint.address, endpoint.username, endpoint.password.reveal())
    return RegistryServer(layout, endpoint), Served(account, repository, image, layout, real=False)


@pytest.fixture
def ours(tmp_path: Path):
    server, served = serve_sample(tmp_path / "layout")
    with server:
        yield served


@pytest.fixture(scope="session")
def read_ours(tmp_path_factory: pytest.TempPathFactory):
    server, served = serve_sample(tmp_path_factory.mktemp("read") / "layout", f"contract/{secrets.token_hex(4)}")
    with server:
        yield served


@pytest.fixture(scope="session")
def read_cncf(cncf_registry: Account, tmp_path_factory: pytest.TempPathFactory) -> Served:
    repository = f"contract/{secrets.token_hex(4)}"
    path = tmp_path_factory.mktemp("read") / "layout"
    layout, image = sample(path, repository)
    for tag in layout.tags(repository):
        # By another's hand, so that the read checks do not lean on our push.
        subprocess.run(
            [
                *("skopeo", "copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false"),
                f"--dest-creds={cncf_registry.username}:{cncf_registry.password}",
                f"oci:{path}:{repository}:{tag}",
                f"docker://{cncf_registry.address}/{repository}:{tag}",
            ],
            check=True,
        )
    return Served(cncf_registry, repository, image, layout, real=True)


@pytest.fixture(params=["ours", "cncf"])
def served(request: pytest.FixtureRequest) -> Served:
    """Each registry in turn; read-only use."""
    return request.getfixturevalue(f"read_{request.param}")
