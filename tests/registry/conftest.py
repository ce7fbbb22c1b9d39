"""The same image in our registry, in the real CNCF one, in both."""

import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.push_api import Inbox
from jupyter_modelpack.registry.server.server import RegistryServer
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


OWN = "test.own"


def is_own(entry: Descriptor) -> bool:
    return OWN in entry.annotations


@dataclass
class Writable:
    account: Account
    repository: str

    def ask(self, method: str, path: str, **options) -> requests.Response:
        url = path if path.startswith("http") else f"http://{self.account.address}{path}"
        login = (self.account.username, self.account.password)
        return requests.request(method, url, auth=login, timeout=10, allow_redirects=False, **options)

    def begin(self) -> str:
        done = self.ask("POST", f"/v2/{self.repository}/blobs/uploads/")
        assert done.status_code == 202
        return done.headers["Location"]

    def put(self, place: str, digest: str, **options) -> requests.Response:
        return self.ask("PUT", place, params={"digest": digest}, **options)


@pytest.fixture
def our_layout(tmp_path: Path) -> Layout:
    return Layout.create(tmp_path / "written")


@pytest.fixture
def our_account(our_layout: Layout):
    endpoint = Endpoint.create()
    with RegistryServer(our_layout, endpoint, inbox=Inbox(our_layout, ("models/",), own=is_own)):
        yield Account(endpoint.address, endpoint.username, endpoint.password.reveal())


@pytest.fixture(params=["ours", "cncf"])
def writable(request: pytest.FixtureRequest) -> Writable:
    """Each registry in turn, in a repository of the test's own; what the real one is known to fail is listed."""
    why = getattr(request.module, "KNOWN", {}).get(request.node.originalname) if request.param == "cncf" else None
    if why:
        failures = (AssertionError, KeyError, requests.JSONDecodeError)
        request.applymarker(pytest.mark.xfail(strict=True, raises=failures, reason=f"2.8.2: {why}"))
    account = request.getfixturevalue("our_account" if request.param == "ours" else "cncf_registry")
    return Writable(account, f"written/{secrets.token_hex(4)}")
