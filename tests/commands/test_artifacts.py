"""Signatures, bills of materials: pushed by hand to `modelpack registry --writable`, they stay with their package."""

import contextlib
import io
import json
import secrets
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.api.package import ModelPackage
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.catalog.attachments import about
from jupyter_modelpack.catalog.package_record import OURS
from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.archive import ABOUT
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import EMPTY, INDEX, MANIFEST, canonical
from jupyter_modelpack.oci.names import Reference
from jupyter_modelpack.redact import Secret
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.registry.client.push_referrers import push_about
from jupyter_modelpack.registry.client.transfer import push_image
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.push_api import Inbox
from jupyter_modelpack.registry.server.server import RegistryServer
from jupyter_modelpack.store.gc import collect
from tests.commands.archives import output, repack
from tests.commands.packages import PROGRAM, modelpack, printed, put_package
from tests.registry.served import Writable
from tests.registry.spec_requests import blob, described, get, put
from tests.services.registry import Account


@pytest.fixture
def package() -> ModelPackage:
    return put_package(Workspace.default())


@contextlib.contextmanager
def serving(where: Workspace) -> Iterator[Writable]:
    """Serve as `modelpack registry --writable` does, without its process."""
    endpoint = Endpoint.create()
    with RegistryServer(where.store, endpoint, inbox=Inbox(where.store, OURS)):
        yield Writable(Account(endpoint.address, endpoint.username, endpoint.password.reveal()), "adder")


def artifact(registry: Writable, subject: bytes, data: bytes, kind: str) -> bytes:
    """Push what cosign, notation or oras push: an empty config, one layer, a subject."""
    blob(registry, b"{}")
    blob(registry, data)
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": kind,
        "config": described(b"{}", EMPTY),
        "layers": [described(data, kind)],
        "subject": described(subject, MANIFEST),
        "annotations": {"by": "a person"},
    }
    raw = canonical(document)
    assert put(registry, raw).headers["OCI-Subject"] == Digest.of(subject)
    return raw


def push_all(registry: Writable, package: ModelPackage) -> list[bytes]:
    """Push a signature of the package, its bill of materials, and a signature of that."""
    signature = artifact(registry, package.image.raw, b"signed", "application/vnd.test.signature")
    bill = artifact(registry, package.image.raw, b'{"bom": 1}', "application/vnd.test.sbom")
    return [signature, bill, artifact(registry, bill, b"signed too", "application/vnd.test.signature")]


@pytest.fixture
def artifacts(package) -> list[bytes]:
    with serving(package.workspace) as registry:
        return push_all(registry, package)


def listed(registry: Writable, raw: bytes) -> dict[str, str]:
    found = get(registry, f"referrers/{Digest.of(raw)}").json()["manifests"]
    return {one["digest"]: one["artifactType"] for one in found}


def assert_all_there(registry: Writable, package: ModelPackage, artifacts: list[bytes]) -> None:
    signature, bill, second = artifacts
    assert set(listed(registry, package.image.raw)) == {Digest.of(signature), Digest.of(bill)}
    assert listed(registry, bill) == {Digest.of(second): "application/vnd.test.signature"}
    for raw in artifacts:
        assert get(registry, f"manifests/{Digest.of(raw)}").content == raw
        for layer in json.loads(raw)["layers"]:
            assert Digest.of(get(registry, f"blobs/{layer['digest']}").content) == layer["digest"]


def test_they_outlive_gc_and_are_no_packages(package):
    program = subprocess.Popen([PROGRAM, "registry", "--writable"], stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout.readline().startswith("Serving at ")
        endpoint = package.workspace.endpoint()
        account = Account(endpoint.address, endpoint.username, endpoint.password.reveal())
        artifacts = push_all(Writable(account, "adder"), package)
    finally:
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=20)
    assert modelpack("gc").returncode == 0
    assert modelpack("check").returncode == 0
    assert [row["digest"] for row in printed("packages")["rows"]] == [package.digest]
    with serving(package.workspace) as registry:
        assert_all_there(registry, package, artifacts)


@pytest.fixture
def saved(package, artifacts, tmp_path) -> Path:
    package.save_archive(tmp_path / "adder.tar")
    return tmp_path / "adder.tar"


def test_they_are_saved_and_loaded(package, artifacts, saved):
    assert output("skopeo", "inspect", "--raw", f"oci-archive:{saved}").encode() == package.image.raw
    there = Workspace.create("there")
    ModelPackage.load(there, saved)
    collect(there.store, Reporter())
    with serving(there) as registry:
        assert_all_there(registry, package, artifacts)


def test_a_file_that_lacks_one_of_them_is_refused(artifacts, saved, tmp_path):
    for raw in artifacts:
        name = f"blobs/sha256/{Digest.of(raw).hex}"
        without = repack(saved, tmp_path / "without.tar", lambda one, data, n=name: None if one == n else data)
        with pytest.raises(Untrusted, match="missing or damaged"):
            ModelPackage.load(Workspace.create("there", exist_ok=True), without)


def test_a_file_that_lists_what_is_about_something_else_is_refused(package, artifacts, saved, tmp_path):
    def about(name: str) -> bytes:
        with tarfile.open(saved) as archive:
            return archive.extractfile(name).read()

    digest = json.loads(about("index.json"))["manifests"][0]["annotations"][ABOUT]
    stranger = canonical({"schemaVersion": 2, "manifests": [described(package.image.raw, MANIFEST)]})
    lie = tmp_path / "lie.tar"
    with tarfile.open(saved) as old, tarfile.open(lie, "w") as new:
        for info in old:
            data = old.extractfile(info).read()
            if info.name == "index.json":
                data = data.replace(digest.encode(), Digest.of(stranger).encode())
            elif info.name.endswith(digest.removeprefix("sha256:")):
                info.name, data = f"blobs/sha256/{Digest.of(stranger).hex}", stranger
            info.size = len(data)
            new.addfile(info, io.BytesIO(data))
    with pytest.raises(Untrusted, match="is not about the image"):
        ModelPackage.load(Workspace.create("there"), lie)


def test_they_are_pushed_along(package, artifacts, cncf_registry, signed_in):
    """To the real registry, which keeps no list of them: there is an index under a tag, as the specification says."""
    place = f"push/{secrets.token_hex(4)}"
    for _ in range(2):
        found = package.push(f"{cncf_registry.address}/{place}:v1")
    assert found.digest == package.digest  # a signature is about a digest, so it may not change on the way
    there = Writable(cncf_registry, place)
    signature, bill, second = artifacts
    for subject, expected in ((package.image.raw, [signature, bill]), (bill, [second])):
        tag = Digest.of(subject).replace(":", "-")
        index = get(there, f"manifests/{tag}", headers={"Accept": INDEX}).json()
        entries = {one["digest"]: (one["artifactType"], one["annotations"]) for one in index["manifests"]}
        assert entries == {Digest.of(raw): (json.loads(raw)["artifactType"], {"by": "a person"}) for raw in expected}
    for raw in artifacts:
        assert get(there, f"manifests/{Digest.of(raw)}", headers={"Accept": MANIFEST}).content == raw


def test_they_are_pushed_to_a_registry_that_lists_them(package, artifacts):
    there = Workspace.create("there")
    with serving(there) as registry:
        account = registry.account
        client = Registry(account.address, credentials=RegistryCredentials(account.username, Secret(account.password)))
        place = Reference.parse(f"{account.address}/adder:1")
        push_image(package.image, place, Reporter(), client)
        push_about(about(package.workspace.store, "adder", package.image.digest), place, Reporter(), client)
        assert_all_there(registry, package, artifacts)
        assert get(registry, "tags/list").json()["tags"] == ["1"]


def test_with_the_last_name_of_its_package_everything_goes(package, artifacts):
    store, digests = package.workspace.store, [package.digest, *map(Digest.of, artifacts)]
    store.tag("adder:same", package.image.descriptor)
    store.untag("adder:1")
    assert len(store.entries("adder")) == 4
    store.untag("adder:same")
    assert store.entries("adder") == []
    collect(store, Reporter())
    assert not any(store.blob_path(digest).exists() for digest in digests)
