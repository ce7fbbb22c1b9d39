"""The documented tutorial in plain Python, with the real builder and the real engine."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from jupyter_modelpack import Environment, InferenceConfig, Model, ModelPackage, Workspace
from jupyter_modelpack.engine.select import container_engine

SCRIPT = "def init():\n    pass\n\ndef run(data):\n    return data\n"


@pytest.fixture
def tutorial(ws, here, base_image, monkeypatch):
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    (here / "score.py").write_text(SCRIPT)
    (here / "requirements.txt").write_text("tqdm==4.67.1\n")
    (here / "bert").mkdir()
    (here / "bert" / "weights.bin").write_bytes(b"w" * 2000)
    model = Model.register(workspace=ws, model_path="bert", model_name="bert")
    environment = Environment.from_pip_requirements("env", "requirements.txt")
    yield ws, model, InferenceConfig(entry_script="score.py", environment=environment)
    ws.delete()


@pytest.mark.network
def test_skopeo_reads_the_workspace(tutorial, capsys):
    ws, model, config = tutorial
    package = Model.package(ws, [model], config)
    package.wait_for_creation(show_output=True)
    assert "Package creation Succeeded" in capsys.readouterr().out
    name = package.location.partition("/")[2]
    for reference, kind in ((name, "Digest"), ("models/bert:1", "mediaType")):
        seen = subprocess.run(
            ["skopeo", "inspect", *(["--raw"] if kind == "mediaType" else []), f"oci:{ws.path}:{reference}"],
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert kind in json.loads(seen.stdout)
    assert (
        package.image.config()["config"]["Env"].count("AZUREML_MODEL_DIR=/var/azureml-app/azureml-models/bert/1") == 1
    )


@pytest.mark.network
def test_another_process_saves_the_dockerfile(tutorial, here: Path, capsys, monkeypatch):
    ws, model, config = tutorial
    monkeypatch.setenv("PATH", os.defpath.replace("/usr/bin", ""))  # no docker command: saving works without
    made = Model.package(ws, [model], config, generate_dockerfile=True)
    made.wait_for_creation()
    package = ModelPackage.get(Workspace.get("tutorial"), made.location)
    assert package.generate_dockerfile
    assert package.image_id is None
    with pytest.raises(Exception, match=r"A Dockerfile package cannot be pulled\. Use save\(\) instead"):
        package.pull()
    (here / "file").write_text("")
    with pytest.raises(Exception, match="Error, output path is not a directory"):
        package.save("file")
    package.save("./imagefiles/deep")
    package.save("./imagefiles/deep")
    saved = {str(path.relative_to("imagefiles/deep")) for path in Path("imagefiles").rglob("*") if path.is_file()}
    assert {
        "Dockerfile",
        "requirements.txt",
        "azureml-app/score.py",
        "azureml-app/azureml-models/bert/1/bert/weights.bin",
    } <= saved
    assert f"FROM {ws.endpoint().address}/azureml/environment@sha256:" in Path("imagefiles/deep/Dockerfile").read_text()
    assert "Logging into Docker registry" in capsys.readouterr().out
    with pytest.raises(Exception, match="currently being used"):
        model.delete()


@pytest.mark.network
@pytest.mark.engine
def test_pull_and_docker_build_by_the_real_engine(tutorial, docker_host, monkeypatch, capsys):
    ws, model, config = tutorial
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    package = Model.package(ws, [model], config)
    package.pull()
    lines = capsys.readouterr().out.splitlines()
    assert "Pulling image from ACR (this may take a few minutes depending on image size)..." in lines
    assert lines[-1] == f"Status: Downloaded newer image for {package.location}"
    package.pull()
    assert capsys.readouterr().out.splitlines()[-1] == f"Status: Image is up to date for {package.location}"
    engine = container_engine()
    assert engine.images.has(package.image_id)
    source = Model.package(ws, [model], config, generate_dockerfile=True)
    source.wait_for_creation()
    source.save("imagefiles")
    tag = f"tutorial-{ws.endpoint().port}"
    subprocess.run(["docker", "build", "--tag", tag, "./imagefiles"], check=True, capture_output=True, timeout=120)
    account = source.get_container_registry()
    login = ["docker", "login", account.address, "-u", account.username, "--password-stdin"]
    assert subprocess.run(login, input=b"wrong", capture_output=True, check=False, timeout=60).returncode
    assert not subprocess.run(
        login, input=account.password.encode(), capture_output=True, check=False, timeout=60
    ).returncode
    for name in (tag, package.location):
        engine.images.remove(name)
