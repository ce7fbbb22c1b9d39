"""Every engine, real, with something to run in it."""

import sys
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.engine.base import Engine, LocalProgram, RunSpec, Service
from jupyter_modelpack.engine.health import wait_until_ready
from jupyter_modelpack.engine.select import choose
from jupyter_modelpack.events import Log, Reporter
from jupyter_modelpack.image_contract import RELOAD_LABEL
from jupyter_modelpack.oci.image import Image
from tests.engine import tiny
from tests.services import podman

CONTAINERS = ["docker", "podman"]


@pytest.fixture(scope="session")
def podman_host() -> str:
    """The DOCKER_HOST of the private Podman."""
    return podman.up()


@pytest.fixture(scope="session")
def tiny_image(base_image, tmp_path_factory) -> Image:
    """A small image that serves what `server.py` does."""
    return tiny.image(base_image, tmp_path_factory.mktemp("tiny") / "store")


@dataclass
class Rig:
    """An engine, with what a test does to it all the time."""

    engine: Engine
    image: str
    cwd: Path
    prefix: str = field(default_factory=lambda: f"test-{uuid.uuid4().hex[:8]}")
    lines: list[str] = field(default_factory=list)

    @property
    def report(self) -> Reporter:
        return Reporter(lambda event: self.lines.append(event.text) if isinstance(event, Log) else None)

    def spec(self, name: str = "a", port: int = 0, *, reloads: bool = False, **env: str) -> RunSpec:
        labels = {"test": "yes", **({RELOAD_LABEL: "true"} if reloads else {})}
        argv = [sys.executable, str(tiny.SERVER)]
        program = LocalProgram(argv, self.cwd, {"FROM_PROGRAM": "yes"})
        return RunSpec(self.image, f"{self.prefix}-{name}", port, env, labels, program, reloads=reloads)

    def run(self, name: str = "a", port: int = 0, *, replace_it: bool = False, **env: Any) -> Service:
        return self.engine.run(replace(self.spec(name, port, **env), replace=replace_it), self.report)

    def ready(self, name: str = "a", **env: Any) -> Service:
        return wait_until_ready(self.engine, self.run(name, **env), self.report, 30)

    def ended(self, **env: str) -> Service:
        service = self.engine.wait(self.run(**env), 30)
        assert service.state == "exited"
        return service

    def clean(self) -> None:
        for service in self.engine.services():
            if service.name.startswith(self.prefix):
                self.engine.remove(self.engine.kill(service))


def open_rig(name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Rig:
    cwd = request.getfixturevalue("tmp_path")
    if name == "process":
        return Rig(choose("process"), "tiny:1", cwd)
    monkeypatch.setenv("DOCKER_HOST", request.getfixturevalue(f"{name}_host"))
    engine = choose(name)
    image = engine.images.load(request.getfixturevalue("tiny_image"), ["modelpack-test/tiny:1"], Reporter())
    return Rig(engine, str(image), cwd)


@pytest.fixture(params=[*CONTAINERS, "process"])
def rig(request, monkeypatch):
    """Each engine in turn."""
    rig = open_rig(request.param, request, monkeypatch)
    yield rig
    rig.clean()


@pytest.fixture(params=CONTAINERS)
def containers(request, monkeypatch):
    """Each engine that runs images."""
    rig = open_rig(request.param, request, monkeypatch)
    yield rig
    rig.clean()


@pytest.fixture
def process(request, monkeypatch):
    """The process engine."""
    rig = open_rig("process", request, monkeypatch)
    yield rig
    rig.clean()
