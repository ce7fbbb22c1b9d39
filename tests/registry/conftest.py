"""The same image in our registry, in the real CNCF one, in both."""

import os
import secrets
import subprocess
from pathlib import Path

import pytest
import requests

from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.push_api import Inbox
from jupyter_modelpack.registry.server.server import RegistryServer
from jupyter_modelpack.store.layout import Layout
from tests.registry.samples import sample
from tests.registry.served import Served, Writable, is_own, serve_sample
from tests.services.registry import Account


@pytest.fixture(autouse=True)
def no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: what survives a power cut is the store's tests' business."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)


@pytest.fixture
def sink(tmp_path: Path) -> Layout:
    return Layout.create(tmp_path / "sink")


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
