from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.builder.recipe import AppSource, ModelPart, Needs, Recipe
from jupyter_modelpack.home import cache, workspaces
from jupyter_modelpack.store.layout import Layout
from tests.builder.samples import SCRIPT, Watcher, register


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


@pytest.fixture
def recipe(base_image: Path, model: ModelPart, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recipe]:
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)

    def make(*requirements: str, script: str = SCRIPT, source: AppSource | None = None, **needs: object) -> Recipe:
        wanted = Needs("3.11", requirements, **needs)
        return Recipe("package", wanted, (model,), source or AppSource("score.py", content=script.encode()))

    return make
