import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_modelpack.builder import image_config
from jupyter_modelpack.builder.build import build
from jupyter_modelpack.builder.local_run.rootfs import prepare
from jupyter_modelpack.builder.recipe import AppSource, Needs, Recipe
from jupyter_modelpack.errors import BuildFailed, Cancelled, PathNotFound, Unavailable, UsageError
from jupyter_modelpack.events import Log, Reporter, Stage
from jupyter_modelpack.image_contract import LAYER_KIND, SAMPLE_LABEL
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.store.layout import Layout
from tests.builder.samples import register, temporary_files

pytestmark = pytest.mark.network


def kinds(built) -> dict[str, str]:
    return {
        layer.annotations[LAYER_KIND]: layer.digest
        for layer in built.image.manifest.layers
        if LAYER_KIND in layer.annotations
    }


def names(store: Layout, layer) -> set[str]:
    with store.open_blob(layer) as stream:
        return {entry.path for entry, _ in read_layer(stream)}


def test_the_same_recipe_gives_the_same_digest_in_another_home(recipe, store, tmp_path, monkeypatch):
    first = build(recipe("tqdm==4.67.1"), store, Reporter())
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    before = os.umask(0o077)
    try:
        other = Layout.create(tmp_path / "elsewhere" / "workspace")
        register(other)
        second = build(recipe("tqdm==4.67.1"), other, Reporter())
    finally:
        os.umask(before)
    assert second.image.digest == first.image.digest


def test_a_changed_script_changes_the_app_layer_only(recipe, store):
    before = build(recipe("tqdm==4.67.1"), store, Reporter())
    after = build(recipe("tqdm==4.67.1", script="def run(data): return 1\n"), store, Reporter())
    assert kinds(before)["app"] != kinds(after)["app"]
    assert {k: v for k, v in kinds(before).items() if k != "app"} == {
        k: v for k, v in kinds(after).items() if k != "app"
    }
    assert [note.reused for note in after.layers] == [note.title != "app" for note in after.layers]


def base_created(base_image: Path) -> str:
    ((_, descriptor),) = Layout(base_image).names().items()
    return Layout(base_image).image(descriptor).config()["created"]


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("2024-05-14T00:20:31.123456789Z", "2024-05-14T00:20:31Z"),
        ("2024-05-14T02:20:31+02:00", "2024-05-14T00:20:31Z"),
        ("2024-05-14T00:20:31", "2024-05-14T00:20:31Z"),
        ("0001-01-01T00:00:00+14:00", "1980-01-02T00:00:00Z"),
        (None, "1980-01-02T00:00:00Z"),
    ],
)
def test_an_image_is_as_old_as_its_base_in_every_time_zone(recipe, store, base_image, monkeypatch, said, right):
    monkeypatch.setenv("TZ", "Pacific/Chatham")
    time.tzset()
    try:
        assert image_config._created(recipe(), {"created": said}).strftime("%Y-%m-%dT%H:%M:%SZ") == right
    finally:
        monkeypatch.undo()
        time.tzset()


def test_config_says_how_the_image_runs(recipe, store, base_image):
    image_config = build(recipe(variables={"COLOUR": "blue = green"}), store, Reporter()).image.config()
    settings = image_config["config"]
    assert settings["User"] == "65532:65532"
    assert settings["ExposedPorts"] == {"5001/tcp": {}}
    assert settings["WorkingDir"] == "/var/azureml-app"
    assert settings["Healthcheck"]["Test"][0] == "CMD"
    assert "AZUREML_MODEL_DIR=/var/azureml-app/azureml-models/m/1" in settings["Env"]
    assert "AZUREML_ENTRY_SCRIPT=score.py" in settings["Env"]
    assert "COLOUR=blue = green" in settings["Env"]
    assert settings["Labels"]["io.github.jupyter-modelpack.models"] == "m:1"
    assert image_config["created"] == image_config["history"][-1]["created"] == base_created(base_image)
    assert len(image_config["history"]) == len(image_config["rootfs"]["diff_ids"])


def test_the_server_knows_the_sample_and_no_huge_one(recipe, store):
    def variables(sample: str) -> list[str]:
        return build(replace(recipe(), labels={SAMPLE_LABEL: sample}), store, Reporter()).image.config()["config"][
            "Env"
        ]

    assert 'MODELPACK_SAMPLE={"data": [1]}' in variables('{"data": [1]}')
    assert not [one for one in variables(f'"{"x" * 40_000}"') if one.startswith("MODELPACK_SAMPLE")]


def test_source_date_epoch_decides_when_given(recipe, store, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert build(recipe(), store, Reporter()).image.config()["created"] == "2023-11-14T22:13:20Z"


def test_a_source_folder_ships_whole_under_its_name(recipe, store, tmp_path):
    folder = tmp_path / "my src"
    (folder / "data").mkdir(parents=True)
    (folder / "score.py").write_text("def run(data): return data\n")
    (folder / "data" / "extra.json").write_text("{}")
    (folder / ".env").write_text("SECRET=1")
    built = build(recipe(source=AppSource("score.py", folder)), store, Reporter())
    shipped = names(store, built.image.manifest.layers[-1])
    assert {"var/azureml-app/my src/score.py", "var/azureml-app/my src/data/extra.json"} <= shipped
    assert not any(name.endswith(".env") for name in shipped)
    variables = built.image.config()["config"]["Env"]
    assert "AZUREML_ENTRY_SCRIPT=my src/score.py" in variables
    assert "AZUREML_SOURCE_DIRECTORY=my src" in variables


def test_a_missing_script_is_named(recipe, store, tmp_path):
    with pytest.raises(PathNotFound, match=r"nowhere\.py does not exist"):
        build(recipe(source=AppSource(str(tmp_path / "nowhere.py"))), store, Reporter())


def test_a_requirement_that_does_not_exist_is_named_in_one_line(recipe, store, home):
    with pytest.raises(BuildFailed) as caught:
        build(recipe("no-such-package-anywhere-xyz"), store, Reporter())
    assert caught.value.message.endswith("has no package no-such-package-anywhere-xyz.")
    assert caught.value.hint
    assert temporary_files(home) == []


def test_an_unreachable_index_is_named_and_may_be_tried_again(recipe, store, tmp_path, monkeypatch):
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(Unavailable, match="package index cannot be reached") as caught:
        build(recipe("tqdm==4.67.1"), store, Reporter())
    assert caught.value.retry


@pytest.mark.parametrize("at", ["base", "environment", "dependencies", "model", "app", "image"])
def test_cancel_at_any_stage_leaves_nothing_half_made(recipe, store, home, at):
    cancelled = threading.Event()

    def sink(event):
        if isinstance(event, Stage) and event.name == at:
            cancelled.set()

    with pytest.raises(Cancelled):
        build(recipe("tqdm==4.67.1"), store, Reporter(sink, cancelled))
    assert temporary_files(home) == []
    assert store.names() == {}
    assert build(recipe("tqdm==4.67.1"), store, Reporter()).image.size > 0


def test_another_python_in_the_base_is_said(recipe, store, watcher):
    wanted = recipe()
    older = Recipe("package", Needs("3.9", base=wanted.needs.base), wanted.models, wanted.source)
    build(older, store, watcher.report)
    assert "the base image has Python 3.11, the models were made with Python 3.9" in watcher.text()


def test_the_environment_works_as_one_made_by_pip(recipe, store, home, tmp_path):
    built = build(recipe("tqdm==4.67.1", "coverage==7.10.7"), store, Reporter())
    program = prepare(built.image, Reporter())
    python = program.argv[0]
    script = (
        "import importlib.metadata as m, sys, tqdm, pathlib\n"
        "print(m.version('tqdm'), tqdm.__file__, sys.prefix)\n"
        "files = m.files('tqdm')\n"
        "print([str(f) for f in files if 'bin/' in str(f)])\n"
        "missing = [str(f) for f in files if not f.locate().exists() and '__pycache__' not in str(f)]\n"
        "print(missing)\n"
        "print([e.name for e in m.distribution('tqdm').entry_points])\n"
        "print(tqdm.__cached__, pathlib.Path(tqdm.__cached__).exists())\n"
    )
    done = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=True)
    version, scripts, missing, points, cached = done.stdout.splitlines()
    env = str(Path(python).parent.parent)
    assert version == f"4.67.1 {env}/lib/python3.11/site-packages/tqdm/__init__.py {env}"
    assert scripts == "['../../../bin/tqdm']"
    assert missing == "[]"
    assert points == "['tqdm']"
    assert cached.endswith(" True")
    text = (Path(env) / "bin" / "tqdm").read_text()
    assert text.startswith("#!/opt/modelpack/env/bin/python\n")
    assert os.access(Path(env) / "bin" / "tqdm", os.X_OK)
    # Nothing in the image says when or by whom it was installed.
    stamps = {path.name for path in Path(env).rglob("*.dist-info/*")}
    assert stamps.isdisjoint({"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})


def test_pth_files_of_the_environment_are_read(recipe, store):
    built = build(recipe("setuptools==80.9.0"), store, Reporter())
    python = prepare(built.image, Reporter()).argv[0]
    code = "import sys; print('_distutils_hack' in sys.modules)"  # its distutils-precedence.pth imports it
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_nothing_changed_takes_milliseconds(recipe, store):
    build(recipe("tqdm==4.67.1"), store, Reporter())
    seconds = min(build(recipe("tqdm==4.67.1"), store, Reporter()).seconds for _ in range(5))
    assert seconds < 0.1


def test_a_lock_is_used_again_whatever_the_order(recipe, store, watcher):
    build(recipe("tqdm==4.67.1", "six"), store, Reporter())
    build(recipe("six", "tqdm==4.67.1"), store, watcher.report)
    assert Log("Using the lock made before (4 requirements, Python 3.11)") in watcher.events


def test_prepare_needs_the_python_of_the_image(recipe, store, monkeypatch):
    built = build(recipe(), store, Reporter())
    monkeypatch.setattr("jupyter_modelpack.builder.local_run.rootfs.need_interpreter", lambda _python, _report: None)
    with pytest.raises(Exception, match=r"needs Python 3\.11, and this machine has none"):
        prepare(built.image, Reporter())
    assert sys.version_info[:2] == (3, 11)


def test_packages_of_the_base_are_seen_where_the_base_brings_the_environment(recipe, store):
    def settings(built) -> str:
        skeleton = next(
            layer for layer in built.image.manifest.layers if layer.annotations.get(LAYER_KIND) == "skeleton"
        )
        with store.open_blob(skeleton) as stream:
            for entry, content in read_layer(stream):
                if entry.path.endswith("pyvenv.cfg"):
                    return content.read().decode()
        raise AssertionError("no pyvenv.cfg")

    assert "include-system-site-packages = false" in settings(build(recipe(), store, Reporter()))
    assert "include-system-site-packages = true" in settings(build(recipe(uses_base=True), store, Reporter()))


def test_an_image_that_needs_its_base_is_for_containers(recipe, store):
    built = build(recipe(uses_base=True), store, Reporter())
    with pytest.raises(UsageError, match="which only a container has"):
        prepare(built.image, Reporter())
