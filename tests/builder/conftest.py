import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.builder.recipe import ModelPart, Needs, Recipe, Source
from jupyter_modelpack.events import Event, Reporter
from jupyter_modelpack.home import cache, workspaces
from jupyter_modelpack.oci.layer import LayerWriter
from jupyter_modelpack.oci.manifest import LAYER
from jupyter_modelpack.store.layout import Layout

SCRIPT = "def init():\n    pass\n\n\ndef run(data):\n    return data\n"


class Watcher:
    """A reporter that remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.report = Reporter(self.events.append)

    def text(self) -> str:
        return "\n".join(getattr(event, "text", getattr(event, "title", "")) for event in self.events)


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def store(home: Path) -> Layout:
    return Layout.create(workspaces() / "test")


@pytest.fixture
def machine_cache(home: Path) -> Layout:
    return Layout.create(cache())


@pytest.fixture
def model(store: Layout) -> ModelPart:
    return register(store)


def register(store: Layout, content: bytes = b"weights") -> ModelPart:
    with store.new_blob() as blob:
        layer = LayerWriter(blob)
        layer.file("var/azureml-app/azureml-models/m/1/model.bin", content)
        layer.close()
        descriptor = blob.commit(LAYER)
    return ModelPart("m", 1, descriptor)


@pytest.fixture
def recipe(base_image: Path, model: ModelPart, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recipe]:
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)

    def make(*requirements: str, script: str = SCRIPT, source: Source | None = None, **needs: object) -> Recipe:
        wanted = Needs("3.11", requirements, **needs)
        return Recipe("package", wanted, (model,), source or Source("score.py", content=script.encode()))

    return make


def temporary_files(home: Path) -> list[str]:
    return [
        f"{root}/{name}"
        for root, folders, files in os.walk(home)
        for name in (*folders, *files)
        if name.startswith((".tmp-", "staging-", ".part-", "base-"))
    ]
