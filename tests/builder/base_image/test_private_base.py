"""A base image behind a password that only the environment knows: for what an engine builds on it, too."""

import secrets
from pathlib import Path

import pytest

from jupyter_modelpack import ContainerRegistry, Environment, InferenceConfig, Model, Workspace
from jupyter_modelpack.errors import Denied
from jupyter_modelpack.events import Reporter
from tests.registry.skopeo import push_base
from tests.services.registry import Account

pytestmark = [pytest.mark.engine, pytest.mark.network]

SCRIPT = "def init(): ...\ndef run(data):\n    return data\n"


@pytest.fixture
def private(base_image: Path, cncf_registry: Account) -> str:
    """The name of an image that nobody on this machine has, without its registry."""
    name = f"private/{secrets.token_hex(4)}:1"
    push_base(base_image, f"{cncf_registry.address}/{name}", cncf_registry)
    return name


@pytest.fixture
def environment(private: str, cncf_registry: Account, docker_host: str, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    made = Environment("private")
    made.docker.base_image = private
    made.docker.base_image_registry = ContainerRegistry(*cncf_registry)
    return made


def package(environment: Environment, steps: Path | None = None):
    config = InferenceConfig.from_source(SCRIPT, "score.py", environment)
    config.extra_docker_file_steps = str(steps) if steps else None
    made = Model.package(Workspace.default(), [], config)
    made.wait_for_creation(report=Reporter())
    return made


def assert_kept_nowhere(secret: str, home: Path) -> None:
    holders = [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert holders == []


@pytest.mark.parametrize("how", ["alone", "steps", "dockerfile"])
def test_its_password_opens_it_and_goes_no_further(how, environment, private, cncf_registry, home, tmp_path):
    steps = None
    if how == "steps":
        steps = tmp_path / "steps"
        steps.write_text("ENV MADE=there\n")
    if how == "dockerfile":
        environment.docker.base_image = None
        environment.docker.base_dockerfile = f"FROM {cncf_registry.address}/{private}\nENV MADE=there\n"
    made = package(environment, steps)
    assert ("MADE=there" in made.image.config()["config"]["Env"]) == (how != "alone")
    assert cncf_registry.password not in str(made.get_logs())
    assert_kept_nowhere(cncf_registry.password, home)


def test_without_it_nobody_gets_in(environment, tmp_path):
    environment.docker.base_image_registry.password = "wr0ng"
    (tmp_path / "steps").write_text("ENV MADE=there\n")
    with pytest.raises(Denied) as caught:
        package(environment, tmp_path / "steps")
    assert "wr0ng" not in str(caught.value)
