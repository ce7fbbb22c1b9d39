"""Whether a running service can go on with the script of another image."""

from dataclasses import replace

import pytest

from jupyter_modelpack.builder import server_layer
from jupyter_modelpack.builder.build import build
from jupyter_modelpack.builder.recipe import AppSource, Recipe
from jupyter_modelpack.builder.script_diff import newer_script
from jupyter_modelpack.engine.reload import MORE
from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.events import Reporter
from tests.builder.samples import register

pytestmark = pytest.mark.network


@pytest.fixture
def make(recipe, store, tmp_path):
    """Build an image of a folder with the given files."""

    def image(name: str, files: dict[str, str], **changes):
        folder = tmp_path / name / "src"
        for path, text in {"score.py": "def run(data): return 1\n", **files}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        made: Recipe = replace(recipe(), source=AppSource("score.py", folder=folder), **changes)
        return build(made, store, Reporter()).image

    return image


def test_every_file_of_the_app_comes_along_where_only_python_has_changed(make):
    running = make("a", {"helper.py": "X = 1", "data.json": "{}"})
    newer = make("b", {"helper.py": "X = 2", "deep/more.py": "", "data.json": "{}"})
    assert newer_script(running, newer) == {
        "src/data.json": b"{}",
        "src/deep/more.py": b"",
        "src/helper.py": b"X = 2",
        "src/score.py": b"def run(data): return 1\n",
    }
    assert newer_script(running, running).keys() == {"src/data.json", "src/helper.py", "src/score.py"}


def test_what_else_has_changed_is_named(make, store):
    files = {"helper.py": "X = 1", "data.json": "{}"}
    running = make("a", files)

    def refused(newer) -> str:
        with pytest.raises(Conflict, match="differs from what runs in more than its script") as caught:
            newer_script(running, newer)
        assert caught.value.code == MORE
        return caught.value.message.rpartition("script: ")[2]

    assert refused(make("b", {**files, "data.json": "[]"})) == "var/azureml-app/src/data.json."
    assert refused(make("c", {"data.json": "{}"})) == "var/azureml-app/src/helper.py, which is gone."
    assert refused(make("d", files, labels={"more": "label"})) == "the image's settings, variables or sample."
    assert refused(make("e", files, models=(register(store, b"newer"),))) == "packages, models or the base image."
    served = server_layer.server_files() | {"log.py": b"# another\n"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_layer, "server_files", lambda: served)
        newer = make("g", {"helper.py": "X = 1", "data.json": "{}"})
    assert refused(newer) == "the scoring server, which is that of another release of modelpack."
    assert "too much" in refused(make("f", {**files, "large.py": "#" * (17 << 20)}))
