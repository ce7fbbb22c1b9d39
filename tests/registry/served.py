"""A registry that serves, as the tests see it."""

from dataclasses import dataclass
from pathlib import Path

import requests

from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.server import RegistryServer
from jupyter_modelpack.store.layout import Layout
from tests.registry.samples import sample
from tests.services.registry import Account


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
