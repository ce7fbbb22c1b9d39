"""The tools people use, against our registry and store: docker, BuildKit, podman, skopeo, umoci."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import INDEX, Index, Platform
from jupyter_modelpack.registry.server.endpoint import Endpoint
from jupyter_modelpack.registry.server.push_api import Inbox
from jupyter_modelpack.registry.server.server import RegistryServer
from jupyter_modelpack.store.gc import collect
from jupyter_modelpack.store.layout import Layout
from tests.registry.samples import layer, put_image
from tests.registry.served import Served
from tests.services import podman as service
from tests.services.packages import need
from tests.services.registry import Account

Docker = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def docker(docker_host: str, tmp_path: Path):
    """The command line of a user who has not logged in anywhere."""
    env = {**os.environ, "DOCKER_HOST": docker_host, "DOCKER_CONFIG": str(tmp_path / ".docker")}

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        program = shutil.which("docker", path=more.get("PATH")) or "docker"
        return subprocess.run(
            [program, *words], env=env | more, capture_output=True, text=True, timeout=60, check=False
        )

    return run


@pytest.fixture
def logged_in(docker: Docker, ours: Served) -> Docker:
    done = docker("login", ours.account.address, "-u", ours.account.username, "-p", ours.account.password)
    assert done.returncode == 0, done.stderr
    assert "Login Succeeded" in done.stdout
    return docker


@pytest.fixture
def gone_after(docker: Docker):
    """Collects image names to remove from the shared engine."""
    names: list[str] = []
    yield names
    docker("rmi", "--force", *names)


def files_of(image: Image) -> dict[str, bytes]:
    """What `samples.layer` has written, the large one with a header that is longer for the sake of disks."""
    found = {}
    for part in image.manifest.layers:
        with image.blobs.open_blob(part) as stream:
            found |= {entry.path.rpartition("/")[2]: file.read() for entry, file in read_layer(stream) if file}
    return found


def test_login_with_a_wrong_password(docker: Docker, ours: Served):
    done = docker("login", ours.account.address, "-u", ours.account.username, "-p", "wrong")
    assert done.returncode == 1
    assert "401 Unauthorized" in done.stderr


def test_pull_without_login(docker: Docker, ours: Served):
    done = docker("pull", f"{ours.account.address}/package:1")
    assert done.returncode == 1
    assert "no basic auth credentials" in done.stderr


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_pull(logged_in: Docker, ours: Served, gone_after: list[str], tmp_path: Path, by):
    name = f"{ours.account.address}/package" + (":1" if by == "tag" else f"@{ours.image.digest}")
    gone_after.append(name)
    done = logged_in("pull", name)
    assert done.returncode == 0, done.stderr
    assert f"Digest: {ours.image.digest}" in done.stdout
    assert logged_in("image", "inspect", "--format={{.Id}}", name).stdout.strip() == ours.image.id
    container = logged_in("create", name).stdout.strip()
    try:
        logged_in("cp", f"{container}:/data", str(tmp_path / "there"))
    finally:
        logged_in("rm", container)
    assert {path.name: path.read_bytes() for path in (tmp_path / "there").iterdir()} == files_of(ours.image)


def test_push_is_refused(logged_in: Docker, ours: Served, gone_after: list[str]):
    name = f"{ours.account.address}/package:1"
    other = f"{ours.account.address}/other:1"
    gone_after += [name, other]
    logged_in("pull", name)
    logged_in("tag", name, other)
    done = logged_in("push", other)
    assert done.returncode == 1
    assert "read-only" in done.stderr


def with_buildkit() -> str:
    """The docker command line that has BuildKit built in; a newer one wants a plug-in for it."""
    for folder in os.environ["PATH"].split(os.pathsep):
        program = shutil.which("docker", path=folder)
        version = subprocess.check_output([program, "--version"], text=True) if program else ""
        if re.search(r"version 20\.", version):
            return folder
    raise AssertionError("the docker.io package brings a command line of version 20.10")


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_build_from_an_image_of_ours(logged_in: Docker, ours: Served, gone_after: list[str], tmp_path: Path, builder):
    base, built = f"{ours.account.address}/package:2", f"mpk-test-{ours.account.address.rpartition(':')[2]}:{builder}"
    gone_after += [base, built]
    (tmp_path / "context").mkdir()
    (tmp_path / "context/Dockerfile").write_text(f'FROM {base}\nCOPY hello /hello\nCMD ["/hello"]\n')
    (tmp_path / "context/hello").write_text("hello")
    more = {"DOCKER_BUILDKIT": "0"}
    if builder == "buildkit":
        more = {"DOCKER_BUILDKIT": "1", "PATH": f"{with_buildkit()}{os.pathsep}{os.environ['PATH']}"}
    done = logged_in("build", "--tag", built, str(tmp_path / "context"), **more)
    assert done.returncode == 0, done.stderr
    layers = logged_in("image", "inspect", "--format={{len .RootFS.Layers}}", built)
    assert layers.stdout.strip() == str(len(ours.image.manifest.layers) + 1)


@pytest.fixture
def pushed_to(tmp_path: Path):
    """A workspace's registry that may be written."""
    layout, endpoint = Layout.create(tmp_path / "written"), Endpoint.create()
    with RegistryServer(layout, endpoint, inbox=Inbox(layout)):
        yield Account(endpoint.address, endpoint.username, endpoint.password.reveal()), layout


def test_docker_pushes_into_one_that_may_be_written(docker, logged_in, ours: Served, pushed_to, gone_after: list[str]):
    account, layout = pushed_to
    source, target = f"{ours.account.address}/package:1", f"{account.address}/pushed:1"
    gone_after += [source, target]
    assert docker("login", account.address, "-u", account.username, "-p", account.password).returncode == 0
    logged_in("pull", source)
    docker("tag", source, target)
    done = docker("push", target)
    assert done.returncode == 0, done.stderr
    assert layout.image(layout.names()["pushed:1"]).id == ours.image.id
    assert "Layer already exists" in docker("push", target).stdout


def test_skopeo_and_podman_push_into_one_that_may_be_written(ours: Served, pushed_to):
    account, layout = pushed_to
    creds = f"--dest-creds={account.username}:{account.password}"
    source, target = f"oci:{ours.layout.path}:package:1", f"docker://{account.address}"
    done = skopeo("copy", "--preserve-digests", "--dest-tls-verify=false", creds, source, f"{target}/a/b:1")
    assert done.returncode == 0, done.stderr
    assert layout.names()["a/b:1"].digest == ours.image.digest
    with podman() as run:
        name = f"{account.address}/a/b:1"
        login = f"--creds={account.username}:{account.password}"
        run("pull", "--tls-verify=false", login, name)
        run("push", "--tls-verify=false", login, name, f"{account.address}/by/podman:1")
    assert layout.image(layout.names()["by/podman:1"]).manifest.config.digest == ours.image.id


@contextlib.contextmanager
def podman() -> Iterator[Callable[..., str]]:
    """Podman with a store of its own; it wants paths of 50 characters at most."""
    service.up()  # installs it
    with tempfile.TemporaryDirectory(prefix="mpk-") as short:

        def run(*words: str) -> str:
            argv = ["podman", "--root", f"{short}/root", "--runroot", f"{short}/run", "--storage-driver", "vfs", *words]
            # It wants the file that DOCKER_CONFIG names to be there.
            env = {name: value for name, value in os.environ.items() if name != "DOCKER_CONFIG"}
            done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield run


def test_podman_pulls_from_ours_and_reads_the_store(ours: Served):
    with podman() as run:
        login = f"--creds={ours.account.username}:{ours.account.password}"
        run("pull", "--tls-verify=false", login, f"{ours.account.address}/package:1")
        shown = run("image", "inspect", "--format", "{{.Id}}", f"{ours.account.address}/package:1")
        assert shown.strip() == ours.image.id.hex
        run("rmi", "--all", "--force")
        assert ours.image.id.hex in run("pull", f"oci:{ours.layout.path}:package:1")


def test_umoci_reads_the_store(ours: Served, tmp_path: Path):
    need("umoci")
    # It takes tags without a repository: another name for the same manifest.
    ours.layout.tag("plain", ours.image.descriptor)
    listed = subprocess.check_output(["umoci", "list", "--layout", ours.layout.path], text=True)
    assert "plain" in listed.split()
    shown = subprocess.check_output(["umoci", "stat", "--json", "--image", f"{ours.layout.path}:plain"], text=True)
    assert len(json.loads(shown)["history"] or []) >= 0
    bundle = tmp_path / "bundle"
    subprocess.run(["umoci", "raw", "unpack", "--image", f"{ours.layout.path}:plain", bundle], check=True)
    assert {path.name: path.read_bytes() for path in (bundle / "data").iterdir()} == files_of(ours.image)


def skopeo(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["skopeo", *words], capture_output=True, text=True, timeout=60, check=False)


def test_skopeo_inspects_and_lists(ours: Served):
    creds = f"--creds={ours.account.username}:{ours.account.password}"
    where = f"docker://{ours.account.address}/package"
    done = skopeo("inspect", "--tls-verify=false", creds, "--format={{.Digest}}", f"{where}:1")
    assert done.stdout.strip() == ours.image.digest, done.stderr
    listed = skopeo("list-tags", "--tls-verify=false", creds, where)
    assert '"3"' in listed.stdout


def test_skopeo_copies(ours: Served, tmp_path: Path):
    creds = f"--src-creds={ours.account.username}:{ours.account.password}"
    source, target = f"docker://{ours.account.address}/package:1", tmp_path / "copy"
    done = skopeo("copy", "--preserve-digests", "--src-tls-verify=false", creds, source, f"oci:{target}:1")
    assert done.returncode == 0, done.stderr
    for part in (ours.image.descriptor, ours.image.manifest.config, *ours.image.manifest.layers):
        assert (target / "blobs/sha256" / part.digest.hex).stat().st_size == part.size


def test_skopeo_with_a_wrong_password(ours: Served):
    done = skopeo("inspect", "--tls-verify=false", "--creds=a:b", f"docker://{ours.account.address}/package:1")
    assert done.returncode != 0
    assert "unauthorized" in done.stderr.lower() or "invalid username/password" in done.stderr


def test_skopeo_copies_every_platform_and_deletes(tmp_path: Path):
    """It pushes the manifests of an index by their digests first."""
    layout = Layout.create(tmp_path / "written")
    source = Layout.create(tmp_path / "source")
    entries = []
    for number, architecture in enumerate(("amd64", "arm64")):
        image = put_image(source, f"x:{architecture}", layer(number, 100))
        entries.append(replace(image.descriptor, annotations={}, platform=Platform("linux", architecture)))
    source.tag("x:all", source.put_bytes(INDEX, Index(tuple(entries)).to_bytes()))
    endpoint = Endpoint.create()
    with RegistryServer(layout, endpoint, inbox=Inbox(layout)):
        place = f"docker://{endpoint.address}/team/x:all"
        pair = f"{endpoint.username}:{endpoint.password.reveal()}"
        copy = ["copy", "--all", "--preserve-digests", "--quiet", "--dest-tls-verify=false", f"--dest-creds={pair}"]
        for words in (
            [*copy, f"oci:{source.path}:x:all"],
            ["inspect", "--tls-verify=false", f"--creds={pair}", "--override-arch=arm64"],
        ):
            done = subprocess.run(["skopeo", *words, place], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["Architecture"]
        collect(layout, Reporter())
        assert layout.resolve("team/x", entries[1].digest)
        done = subprocess.run(
            ["skopeo", "delete", "--tls-verify=false", f"--creds={pair}", place],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert layout.tags("team/x") == []
