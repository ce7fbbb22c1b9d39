"""push, as a shell types it, to the real registry."""

import json
import secrets

import pytest

from jupyter_modelpack.api.package import ModelPackage
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.catalog import package_record
from jupyter_modelpack.catalog.package_record import PackageFacts
from jupyter_modelpack.delivery.push import target_of
from jupyter_modelpack.errors import UsageError
from tests.commands.docker_login import pair
from tests.commands.packages import modelpack, printed, put_package
from tests.registry.skopeo import seen_by_skopeo
from tests.services.registry import Account


@pytest.fixture
def package() -> ModelPackage:
    return put_package(Workspace.default())


@pytest.fixture
def place(cncf_registry: Account) -> str:
    """A repository that is not there yet."""
    return f"{cncf_registry.address}/push/{secrets.token_hex(4)}"


def assert_pushed(name: str, package: ModelPackage, account: Account) -> None:
    assert seen_by_skopeo(name, account)["config"]["digest"] == package.image_id


def test_push_by_name(package, place, signed_in, cncf_registry):
    done = modelpack("push", "adder:1", f"{place}:v2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Pushed {place}:v2\n")
    assert f"==> Pushing {package.location} to {place}:v2" in done.stderr
    assert cncf_registry.password not in done.stdout + done.stderr
    assert_pushed(f"{place}:v2", package, cncf_registry)


def test_push_without_a_name_takes_the_newest_and_its_tag(package, place, signed_in, cncf_registry):
    newest = put_package(Workspace.default(), "2", size=1000)
    found = printed("push", place)
    assert found["reference"] == f"{place}:2"
    assert_pushed(f"{place}@{found['digest']}", newest, cncf_registry)
    assert printed("push", "adder:1", place)["reference"] == f"{place}:1"
    assert_pushed(f"{place}:1", package, cncf_registry)


def test_push_from_a_notebook(package, place, signed_in, cncf_registry, capsys):
    name = package.push(f"{place}:api")
    assert (name.name, name.tag) == (place, "api")
    assert_pushed(f"{place}@{name.digest}", package, cncf_registry)
    assert capsys.readouterr() == ("", "")


def test_the_password_that_podman_keeps(package, place, cncf_registry, tmp_path):
    kept = {"auths": {cncf_registry.address: {"auth": pair(cncf_registry)}}}
    (tmp_path / "auth.json").write_text(json.dumps(kept))
    done = modelpack("push", place, REGISTRY_AUTH_FILE=str(tmp_path / "auth.json"))
    assert done.returncode == 0, done.stderr
    assert_pushed(f"{place}:1", package, cncf_registry)


def test_the_password_that_a_credential_helper_gives(package, place, cncf_registry, tmp_path, monkeypatch):
    answer = json.dumps({"Username": cncf_registry.username, "Secret": cncf_registry.password})
    helper = tmp_path / "docker-credential-vault"
    helper.write_text(f"#!/bin/sh\n[ \"$(cat)\" = {cncf_registry.address} ] && echo '{answer}'\n")
    helper.chmod(0o755)
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(json.dumps({"credHelpers": {cncf_registry.address: "vault"}}))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    done = modelpack("push", place)
    assert done.returncode == 0, done.stderr
    assert_pushed(f"{place}:1", package, cncf_registry)


def test_who_is_not_signed_in_is_told_how(package, place, cncf_registry):
    done = modelpack("push", place)
    assert done.returncode == 7
    assert f"docker login {cncf_registry.address}" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "push needs to know where to."),
        (["adder:1"], "push needs to know where to."),
        (["adder:1", "adder:2"], "'adder:2' does not say which registry to push to."),
        (["adder:1", "registry.example.com/A"], "Image name 'registry.example.com/A'"),
        (["adder:1", f"registry.example.com/a@sha256:{'0' * 64}"], "registry.example.com/a@sha256:"),
    ],
)
def test_what_nobody_can_push_to(package, words, said):
    done = modelpack("push", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"modelpack: {said}")


def test_a_registry_that_is_not_there(package):
    done = modelpack("push", "127.0.0.1:1/team/adder")
    assert done.returncode == 6
    assert "Could not reach 127.0.0.1:1" in done.stderr


def test_a_dockerfile_is_no_image(package):
    workspace = package.workspace
    package_record.write(workspace.store, "recipe", "1", package.image.descriptor, PackageFacts(dockerfile=True))
    done = modelpack("push", "recipe:1", "127.0.0.1:1/team/adder")
    assert done.returncode == 2
    assert "is a Dockerfile with its files, no image" in done.stderr
    with pytest.raises(UsageError, match="Dockerfile"):
        ModelPackage.get(workspace, "recipe:1").push("127.0.0.1:1/team/adder")


@pytest.mark.parametrize(
    ("target", "means"),
    [
        ("registry.example.com/a", "registry.example.com/a:7"),
        ("registry.example.com/a:1", "registry.example.com/a:1"),
        ("localhost:5000/a/b", "localhost:5000/a/b:7"),
        ("me/a", "me/a:7"),
    ],
)
def test_without_a_tag_the_packages_own(target, means):
    assert str(target_of(target, "7")) == means


def test_a_plain_http_registry_is_told_how_to_be_asked(package, place, cncf_registry, tmp_path):
    """0.0.0.0 is this machine to the kernel, and not loopback to us; what the hint says to type does help."""
    elsewhere = place.replace("127.0.0.1", "0.0.0.0")
    (tmp_path / ".docker").mkdir()
    auths = {"auths": {elsewhere.partition("/")[0]: {"auth": pair(cncf_registry)}}}
    (tmp_path / ".docker/config.json").write_text(json.dumps(auths))
    refused = modelpack("push", package.location, f"{elsewhere}:1")
    assert refused.returncode == 6
    assert "does not speak https" in refused.stderr
    assert "write --plain-http behind push or connect; in Python, plain_http=True" in refused.stderr
    assert modelpack("push", package.location, f"{elsewhere}:1", "--plain-http").returncode == 0
