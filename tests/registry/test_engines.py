"""The tools people use, against our registry: docker, BuildKit, skopeo."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.registry.conftest import Served

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


def test_login_with_a_wrong_password(docker: Docker, ours: Served):
    done = docker("login", ours.account.address, "-u", ours.account.username, "-p", "wrong")
    assert done.returncode == 1
    assert "401 Unauthorized" in done.stderr


def test_pull_without_login(docker: Docker, ours: Served):
    done = docker("pull", f"{ours.account.address}/package:1")
    assert done.returncode == 1
    assert "no basic auth credentials" in done.stderr


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_pull(logged_in: Docker, ours: Served, gone_after: list[str], by):
    name = f"{ours.account.address}/package" + (":1" if by == "tag" else f"@{ours.image.digest}")
    gone_after.append(name)
    done = logged_in("pull", name)
    assert done.returncode == 0, done.stderr
    assert f"Digest: {ours.image.digest}" in done.stdout
    assert logged_in("image", "inspect", "--format={{.Id}}", name).stdout.strip() == ours.image.id


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
