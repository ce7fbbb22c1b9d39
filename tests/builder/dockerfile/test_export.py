import json
import subprocess
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelpack.builder.base_image.via_engine import engine_base
from jupyter_modelpack.builder.build import build
from jupyter_modelpack.builder.dockerfile.export import export
from jupyter_modelpack.builder.dockerfile.text import command, env
from jupyter_modelpack.builder.recipe import Needs
from jupyter_modelpack.engine.select import choose
from jupyter_modelpack.errors import BuildFailed, Unavailable, UsageError
from jupyter_modelpack.events import Log, Reporter
from jupyter_modelpack.oci.archive import write_archive
from jupyter_modelpack.oci.manifest import Platform


@given(st.text(), st.text())
def test_any_variable_is_one_line_or_refused(name, value):
    try:
        line = env(name, value)
    except UsageError:
        return
    assert "\n" not in line
    assert "\r" not in line


@given(st.lists(st.text()))
def test_a_command_is_json_and_one_line(words):
    line = command("RUN", words)
    assert "\n" not in line
    assert json.loads(line.removeprefix("RUN ")) == words


@pytest.mark.network
def test_context_holds_everything_as_plain_files(recipe, store, tmp_path):
    context = export(recipe("six==1.17.0"), store, "127.0.0.1:5555", Reporter())
    folder = tmp_path / "deep" / "imagefiles"
    context.write(folder)
    context.write(folder)  # over what is there
    app = folder / "azureml-app"
    assert (app / "score.py").read_text().startswith("def init")
    assert (app / "azureml-models" / "m" / "1" / "model.bin").read_bytes() == b"weights"
    assert (folder / "requirements.txt").read_text().count("--hash=sha256:") == 3
    assert 'name = "six"' in (folder / "pylock.toml").read_text()
    assert (folder / "modelpack_scoring" / "__main__.py").exists()
    text = (folder / "Dockerfile").read_text()
    assert f"FROM 127.0.0.1:5555/azureml/environment@{context.environment.digest}" in text
    assert "\n# FROM docker.io/library/python:3.11-slim\n" in text
    assert store.resolve("azureml/environment", context.environment.digest)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="output path is not a directory"):
        context.write(tmp_path / "file")


@pytest.mark.engine
@pytest.mark.network
def test_the_from_scratch_part_is_a_dockerfile_docker_parses(recipe, store, tmp_path, docker_host):
    hostile = 'a "quoted" $HOME \\ back`tick` # {x}'
    context = export(recipe("six==1.17.0", variables={"HOSTILE": hostile}), store, "127.0.0.1:5555", Reporter())
    context.write(tmp_path)
    lines = (tmp_path / "Dockerfile").read_text().partition("# FROM")[2]
    scratch = [line.removeprefix("# ") for line in f"# FROM{lines}".splitlines()]
    # Its FROM and RUN lines need an image registry and a package index inside the engine.
    steps = [line for line in scratch if not line.startswith(("FROM", "RUN"))]
    (tmp_path / "Dockerfile").write_text("\n".join(["FROM scratch", *steps]) + "\n")
    done = subprocess.run(
        ["docker", "-H", docker_host, "build", "-q", str(tmp_path)], capture_output=True, text=True, check=True
    )
    found = subprocess.run(
        ["docker", "-H", docker_host, "image", "inspect", done.stdout.strip()],
        capture_output=True,
        text=True,
        check=True,
    )
    config = json.loads(found.stdout)[0]["Config"]
    assert f"HOSTILE={hostile}" in config["Env"]
    # As an image that was packaged: nobody else has a home folder, or says how it fares.
    packaged = context.environment.config()["config"]
    ours = ("HOME=", "USER=", "VIRTUAL_ENV=", "PYTHON", "MODELPACK_")
    assert {one for one in packaged["Env"] if one.startswith(ours)} <= set(config["Env"])
    assert "HOME=/tmp" in config["Env"]
    assert config["Healthcheck"] == packaged["Healthcheck"]


@pytest.mark.engine
def test_conda_out_of_reach_is_told_what_has_conda(docker_host, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    monkeypatch.setenv("MODELPACK_CONDA_IMAGE", "127.0.0.1:9/micromamba:1")
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9/micromamba:1 cannot be fetched") as caught:
        engine_base(Needs("3.11", conda=("openblas",)), Platform(), choose("docker"), Reporter())
    assert "MODELPACK_CONDA_IMAGE" in caught.value.hint
    assert "modelpack base" not in caught.value.hint


@pytest.mark.engine
@pytest.mark.network
def test_extra_steps_are_built_by_the_engine_with_a_live_log(recipe, store, watcher, docker_host, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    engine = choose("docker")
    line = f"a line {uuid4()}"  # new to the engine's own build cache
    code = f"open('/made-by-a-step', 'w').write('yes'); print('{line}')"
    steps = command("RUN", ["/usr/bin/python3", "-c", code])
    wanted = recipe("six==1.17.0", docker_steps=steps)
    base = engine_base(wanted.needs, Platform(), engine, watcher.report)
    assert Log(line) in watcher.events
    built = build(wanted, store, Reporter(), base=base)
    engine.images.load(built.image, ["with-steps:1"], Reporter())
    done = subprocess.run(
        [
            *("docker", "-H", docker_host, "run", "--rm", "--entrypoint", "/opt/modelpack/env/bin/python"),
            *("with-steps:1", "-c", "import six; print(open('/made-by-a-step').read(), six.__version__)"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "yes 1.17.0\n"
    # The same steps are not run again.
    again = engine_base(wanted.needs, Platform(), engine, Reporter())
    assert again.image.digest == base.image.digest


@pytest.mark.engine
def test_a_failing_step_carries_its_last_lines(recipe, docker_host, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    steps = 'RUN ["/usr/bin/python3", "-c", "raise SystemExit(\'no such luck\')"]\n'
    with pytest.raises(BuildFailed) as caught:
        engine_base(recipe(docker_steps=steps).needs, Platform(), choose("docker"), Reporter())
    assert any("no such luck" in line for line in caught.value.log_tail)


def test_without_a_container_engine_it_says_what_needs_one(home):
    with pytest.raises(UsageError, match=r"conda packages \(openblas\), which only a container engine can build"):
        engine_base(Needs("3.11", conda=("openblas",)), Platform(), choose("process"), Reporter())


@pytest.mark.engine
@pytest.mark.network
def test_the_image_loads_and_answers(recipe, store, tmp_path, docker_host):
    built = build(recipe(), store, Reporter())
    archive = tmp_path / "image.tar"
    with archive.open("wb") as out:
        write_archive(built.image, ["answers:1"], out)
    run = ["docker", "-H", docker_host]
    subprocess.run([*run, "load", "-i", str(archive)], check=True, capture_output=True)
    done = subprocess.run(
        [*run, "image", "inspect", "-f", "{{.Id}} {{.Config.Healthcheck}}", "answers:1"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(built.image.id)
    assert "healthcheck.py" in done.stdout
