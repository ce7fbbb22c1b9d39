"""A workspace whose packages live in a remote registry: a real one, behind its password."""

import json
import secrets
import subprocess
from pathlib import Path

import pytest

from jupyter_modelpack import Environment, InferenceConfig, Model, Workspace
from jupyter_modelpack.api.package import ModelPackage
from jupyter_modelpack.catalog.remote_address import RemoteAddress
from jupyter_modelpack.delivery.remote_registry import client_of
from jupyter_modelpack.engine import select
from jupyter_modelpack.errors import Denied, Unavailable, UsageError
from jupyter_modelpack.events import Reporter
from tests.commands.docker_login import pair
from tests.commands.packages import modelpack, printed, put_package
from tests.registry.skopeo import seen_by_skopeo
from tests.services.registry import Account

SCRIPT = "def init(): ...\ndef run(data):\n    return data\n"


@pytest.fixture
def team(cncf_registry: Account) -> str:
    return f"{cncf_registry.address}/team-{secrets.token_hex(4)}"


@pytest.fixture
def config(base_image: Path, monkeypatch: pytest.MonkeyPatch) -> InferenceConfig:
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    return InferenceConfig.from_source(SCRIPT, "score.py", Environment("e"))


@pytest.mark.network
def test_a_package_goes_to_the_workspaces_registry_and_comes_from_it(
    team,
    config,
    cncf_registry,
    docker_host,
    signed_in,
    monkeypatch,
    capsys,
    tmp_path,
):
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    workspace = Workspace.create("shared", registry=team)
    (tmp_path / "m.bin").write_bytes(b"weights")
    model = Model.register(workspace, str(tmp_path / "m.bin"), "m")
    package = Model.package(workspace, [model], config, image_name="adder", image_label="v1")
    package.wait_for_creation(show_output=True)
    assert package.location == f"{team}/adder:v1"
    assert f"Pushing to {team}/adder:v1" in package.get_logs()
    assert cncf_registry.password not in package.get_logs()
    assert seen_by_skopeo(package.location, cncf_registry)["config"]["digest"] == package.image_id

    registry = package.get_container_registry()
    assert (registry.address, registry.username, registry.password) == tuple(cncf_registry)

    engine = select.choose("docker")
    try:
        # What comes can only come from there: the workspace cannot give it.
        for layer in package.image.manifest.layers:
            path = workspace.store.blob_path(layer.digest)
            path.rename(path.with_suffix(".away"))
        capsys.readouterr()
        package.pull()
        out = capsys.readouterr().out
        assert out.startswith("Pulling image from ACR")
        assert f"for {team}/adder:v1" in out
        assert engine.images.has(package.image_id)
    finally:
        subprocess.run(["docker", "image", "rm", "-f", package.location], capture_output=True, check=False)

    for name in ("adder:v1", package.location):
        assert ModelPackage.get(Workspace.get("shared"), name).digest == package.digest


@pytest.mark.network
def test_a_dockerfile_names_an_image_that_the_registry_has(team, config, cncf_registry, signed_in, tmp_path):
    workspace = Workspace.create("shared", registry=team)
    package = Model.package(workspace, [], config, generate_dockerfile=True)
    package.wait_for_creation()
    package.save(tmp_path / "files")
    text = (tmp_path / "files/Dockerfile").read_text()
    first = next(line for line in text.splitlines() if line.startswith("FROM "))
    assert first.startswith(f"FROM {team}/azureml/environment@sha256:")
    assert seen_by_skopeo(first.removeprefix("FROM "), cncf_registry)["schemaVersion"] == 2
    assert "modelpack registry" not in text.partition("FROM")[0]


def test_connect_in_a_shell(team, cncf_registry, signed_in, home):
    package = put_package(Workspace.default())
    own = package.workspace.endpoint().address
    assert modelpack("connect").stdout == f"Packages of workspace default go to its own registry, {own}.\n"
    assert modelpack("connect", team).stdout == f"Packages of workspace default go to {team}.\n"
    assert printed("packages")["rows"][0]["reference"] == f"{team}/adder:1"
    assert printed("push")["reference"] == printed("push", f"{team}/adder:1")["reference"] == f"{team}/adder:1"
    assert seen_by_skopeo(f"{team}/adder:1", cncf_registry)["config"]["digest"] == package.image_id
    kept = "".join(path.read_text() for path in home.rglob("*.json") if path.is_file())
    assert team in kept
    assert cncf_registry.password not in kept
    assert modelpack("connect", "--own").returncode == 0
    assert printed("packages")["rows"][0]["reference"] == f"{own}/adder:1"
    assert Workspace.default().get_details()["containerRegistry"] == own


def test_a_registry_that_does_not_let_us_in_is_known_at_once(team, cncf_registry):
    done = modelpack("connect", team)
    assert done.returncode == 7
    assert f"docker login {cncf_registry.address}" in done.stderr
    assert Workspace.default().registry is None


@pytest.mark.network
def test_a_package_stays_here_when_the_registry_is_gone(config):
    workspace = Workspace.create("shared", registry="127.0.0.1:1/team")
    package = Model.package(workspace, [], config, image_label="v1")
    with pytest.raises(Unavailable, match=r"package:v1 is in the workspace, but not in 127.0.0.1:1/team") as caught:
        package.wait_for_creation(report=Reporter())
    assert "modelpack push package:v1" in caught.value.hint
    assert [one.location for one in workspace.packages] == ["127.0.0.1:1/team/package:v1"]
    with pytest.raises(Unavailable):
        client_of(workspace.remote).ping()


@pytest.mark.network
def test_a_package_stays_here_when_the_password_is_no_longer_right(team, config, cncf_registry, tmp_path):
    workspace = Workspace.create("shared", registry=team)
    (tmp_path / ".docker").mkdir()
    wrong = pair(cncf_registry._replace(password="another"))
    (tmp_path / ".docker/config.json").write_text(json.dumps({"auths": {cncf_registry.address: {"auth": wrong}}}))
    package = Model.package(workspace, [], config, image_label="v1")
    with pytest.raises(Denied, match=r"package:v1 is in the workspace, but not in") as caught:
        package.wait_for_creation(report=Reporter())
    assert "modelpack push package:v1" in caught.value.hint
    assert "docker login" in caught.value.hint
    assert [one.location for one in workspace.packages] == [f"{team}/package:v1"]


def test_it_is_kept_and_can_be_changed():
    workspace = Workspace.create("shared", registry="registry.example.com/team/")
    assert workspace.registry == Workspace.get("shared").registry == "registry.example.com/team"
    assert workspace.endpoint().address.startswith("127.0.0.1:")
    assert Workspace.create("shared", exist_ok=True).registry == "registry.example.com/team"
    assert Workspace.create("shared", exist_ok=True, registry="localhost:5000").registry == "localhost:5000"
    workspace.set_registry("docker.io/me", plain_http=True)
    assert Workspace.get("shared").remote == RemoteAddress("docker.io/me", plain_http=True)
    workspace.set_registry(None)
    assert Workspace.get("shared").registry is None


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://registry.example.com", "without https://"),
        ("http://registry.example.com", "Write registry.example.com; plain http is asked for by --plain-http"),
        (" ", "' ' is no address of a registry"),
        ("team", "no address of a registry"),
        ("registry.example.com/Team", "is not a repository name"),
        ("registry.example.com:99999", "not a registry address"),
    ],
)
def test_what_is_no_registry(address, said):
    with pytest.raises(UsageError, match=said):
        Workspace.create("shared", registry=address)
    with pytest.raises(UsageError, match=said):
        Workspace.default().set_registry(address)
    assert modelpack("connect", address).returncode == 2


def test_a_description_that_names_none_is_named():
    mark = Workspace.create("shared").path / "modelpack.json"
    mark.write_text(json.dumps({**json.loads(mark.read_text()), "registry": {"address": "https://x"}}))
    with pytest.raises(UsageError, match=rf"{mark} names a registry that cannot be: .* without https://"):
        Workspace.get("shared")


def test_a_password_for_a_part_of_a_registry(team, cncf_registry, tmp_path, monkeypatch):
    """As podman login keeps it."""
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {team: {"auth": pair(cncf_registry)}}}))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
    assert modelpack("connect", team).returncode == 0
    with pytest.raises(Denied):
        client_of(RemoteAddress.parse(f"{cncf_registry.address}/other")).ping()
