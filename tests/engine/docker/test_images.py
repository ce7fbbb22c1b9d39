"""Images in a real engine: handed over, listed, pulled, built, saved."""

import io
import json
import subprocess
import tarfile
import threading
import time
import uuid
from uuid import uuid4

import pytest

from jupyter_modelpack.engine.image_store import EngineCredentials
from jupyter_modelpack.engine.select import choose
from jupyter_modelpack.errors import BuildFailed, Cancelled, Denied, NotFound, Unavailable
from jupyter_modelpack.events import Log, Progress, Reporter
from jupyter_modelpack.oci.archive import write_archive
from jupyter_modelpack.redact import Secret
from tests.engine import tiny


@pytest.fixture
def names():
    """Two names that no other test uses."""
    repository = f"modelpack-test/loaded-{uuid.uuid4().hex[:8]}"
    return [f"{repository}:1", f"{repository}:2"]


@pytest.fixture(scope="module")
def another(base_image, tmp_path_factory):
    """Make one more image that no engine has seen."""
    made = iter(range(100))
    return lambda: tiny.image(base_image, tmp_path_factory.mktemp("another") / "store", f"{time.time()}{next(made)}")


def test_a_loaded_image_is_listed_under_its_names(containers, another, names):
    image, engine, events = another(), containers.engine, []
    assert not engine.images.has(image.id)
    assert engine.images.load(image, names, Reporter(events.append)) == image.id
    assert engine.images.has(image.id)
    rows = [row for row in engine.images.rows() if row.id == image.id]
    assert sorted(f"{row.repository.removeprefix('localhost/')}:{row.tag}" for row in rows) == names
    assert all(row.ours and row.created.year == 2025 and row.size > 10**7 for row in rows)
    done = [event.done for event in events if isinstance(event, Progress)]
    assert done == sorted(done)
    assert done[-1] >= image.manifest.layers[-1].size
    engine.images.remove(names[0])
    assert [row.tag for row in engine.images.rows() if row.id == image.id] == ["2"]
    engine.images.remove(names[1])
    assert not engine.images.has(image.id)


def test_a_second_load_moves_no_bytes(containers, another, names):
    image, events = another(), []
    containers.engine.images.load(image, names[:1], Reporter())
    assert containers.engine.images.load(image, names[:1], Reporter(events.append)) == image.id
    assert events == []


def test_layers_that_docker_has_are_not_sent(docker_host, monkeypatch, another, names):
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    engine, below, above, events = choose("docker"), another(), another(), []
    engine.images.load(below, names[:1], Reporter())
    assert engine.images.load(above, names[1:], Reporter(events.append)) == above.id
    sent = max(event.total for event in events if isinstance(event, Progress))
    assert sent == above.manifest.layers[-1].size + above.manifest.config.size
    out = io.BytesIO()
    engine.images.save(names[1], out, Reporter())
    out.seek(0)
    with tarfile.open(fileobj=out) as archive:
        saved = json.load(archive.extractfile("manifest.json"))[0]
    assert len(saved["Layers"]) == len(above.manifest.layers)


def test_an_engine_that_wants_all_layers_gets_them(docker_host, monkeypatch, another, names):
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    engine, image, lines = choose("docker"), another(), []
    every = frozenset(layer.digest for layer in image.manifest.layers)
    monkeypatch.setattr(type(engine.images), "shared_layers", lambda _engine, _image: every)
    report = Reporter(lambda event: lines.append(event.text) if isinstance(event, Log) else None)
    assert engine.images.load(image, names, report) == image.id
    assert "The engine wants all layers." in lines


def test_a_cancelled_load_leaves_nothing(containers, another, names):
    image, report = another(), Reporter()
    report.cancel()
    with pytest.raises(Cancelled):
        containers.engine.images.load(image, names, report)
    assert not containers.engine.images.has(image.id)


def test_a_damaged_blob_is_the_error_of_the_load(containers, another, names):
    image = another()
    layer = image.manifest.layers[-1]
    path = image.blobs.blob_path(layer.digest)
    path.chmod(0o600)
    path.write_bytes(b"x" * layer.size)
    with pytest.raises(Exception, match="is damaged"):
        containers.engine.images.load(image, names, Reporter())
    assert not containers.engine.images.has(image.id)


def test_a_saved_image_is_an_archive(containers):
    out = io.BytesIO()
    containers.engine.images.save(containers.image, out, Reporter())
    out.seek(0)
    with tarfile.open(fileobj=out) as archive:
        config = json.load(archive.extractfile("manifest.json"))[0]["Config"]
    assert containers.image.removeprefix("sha256:") in config


def test_running_or_saving_an_absent_image_is_not_found(containers):
    containers.image = "modelpack-test/nowhere:1"
    with pytest.raises(NotFound, match="has no image modelpack-test/nowhere:1"):
        containers.run()
    with pytest.raises(NotFound):
        containers.engine.images.save(containers.image, io.BytesIO(), Reporter())


def build(rig, folder, dockerfile, report=None, **options):
    (folder / "Dockerfile").write_text(dockerfile)
    return rig.engine.images.build(folder, "modelpack-test/built:1", report or rig.report, **options)


def test_a_dockerfile_is_built_with_its_log(containers, tmp_path):
    (tmp_path / "hello").write_text(uuid.uuid4().hex)  # nothing comes from the engine's cache
    lines = ["FROM modelpack-test/tiny:1", "ARG WORD", "COPY hello /hello", 'RUN ["python3", "-c", "print(6 * 7)"]']
    image = build(containers, tmp_path, "\n".join(lines), build_args={"WORD": "x"}, network="none")
    assert containers.engine.images.has(image)
    assert any("COPY hello /hello" in line for line in containers.lines)
    assert any(line.endswith("42") for line in containers.lines)


def test_a_failed_build_tells_step_and_last_lines(containers, tmp_path):
    with pytest.raises(BuildFailed) as caught:
        build(containers, tmp_path, "FROM modelpack-test/tiny:1\nCOPY absent /hello\n")
    assert "absent" in caught.value.message
    assert "COPY absent /hello" in caught.value.step
    assert "COPY absent /hello" in "\n".join(caught.value.log_tail)


def test_a_dockerfile_that_is_none_is_a_failed_build(containers, tmp_path):
    with pytest.raises(BuildFailed, match=r'(?i)unknown instruction: ?"?NONSENSE'):
        build(containers, tmp_path, "FROM modelpack-test/tiny:1\nNONSENSE\n")


@pytest.fixture
def docker(docker_host, monkeypatch):
    """Docker alone."""
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    return choose("docker")


@pytest.fixture
def pushed(cncf_registry, another, tmp_path):
    """An image in the registry, with its reference."""
    image, archive = another(), tmp_path / "image.tar"
    with archive.open("wb") as out:
        write_archive(image, ["x:1"], out)
    # Of its own: another worker of the tests pushes at the same time.
    reference = f"{cncf_registry.address}/engine/pulled-{uuid4().hex[:8]}:1"
    argv = ["skopeo", "copy", "--dest-tls-verify=false", "--dest-creds"]
    argv += [f"{cncf_registry.username}:{cncf_registry.password}", f"docker-archive:{archive}", f"docker://{reference}"]
    subprocess.run(argv, check=True, capture_output=True)
    return reference, EngineCredentials(cncf_registry.username, Secret(cncf_registry.password))


def test_a_pull_reads_as_docker_words_it(docker, pushed):
    reference, credentials = pushed
    events = []
    image = docker.images.pull(reference, credentials, Reporter(events.append))
    lines = [event.text for event in events if isinstance(event, Log)]
    assert lines[0].startswith("1: Pulling from engine/pulled-")
    assert any(line.endswith(": Pull complete") for line in lines)
    assert lines[-2].startswith("Digest: sha256:")
    assert lines[-1] == f"Status: Downloaded newer image for {reference}"
    assert docker.images.has(image)
    events.clear()
    assert docker.images.pull(reference, credentials, Reporter(events.append)) == image
    assert events[-1] == Log(f"Status: Image is up to date for {reference}")
    docker.images.remove(reference)


def test_a_refused_pull_is_told_from_an_absent_image(docker, pushed):
    engine, (reference, credentials) = docker, pushed
    wrong = EngineCredentials(credentials.username, Secret("wrong"))
    with pytest.raises(Denied) as caught:
        engine.images.pull(reference, wrong, Reporter())
    assert "wrong" not in str(caught.value)
    with pytest.raises(NotFound):
        engine.images.pull(reference.replace(":1", ":2"), credentials, Reporter())
    with pytest.raises(Unavailable) as away:
        engine.images.pull("127.0.0.1:1/none:1", None, Reporter())
    assert away.value.retry


def test_a_pull_from_nowhere_is_unavailable(containers):
    # Podman speaks TLS to a registry even on loopback, so what it can pull is not for this suite.
    with pytest.raises(Unavailable, match=r"Pulling 127\.0\.0\.1:1/none:1 failed: .*refused"):
        containers.engine.images.pull("127.0.0.1:1/none:1", None, Reporter())


def test_a_build_can_be_cancelled(docker, tiny_image, tmp_path):
    engine, report = docker, Reporter()
    engine.images.load(tiny_image, ["modelpack-test/tiny:1"], Reporter())
    sleep = '["python3", "-c", "import time; time.sleep(60)"]'
    (tmp_path / "Dockerfile").write_text(f"FROM modelpack-test/tiny:1\nRUN {sleep}\n")
    threading.Timer(1, report.cancel).start()
    begin = time.monotonic()
    with pytest.raises(Cancelled):
        engine.images.build(tmp_path, "modelpack-test/never:1", report)
    assert time.monotonic() - begin < 5


def test_a_health_check_reaches_the_engine(containers, base_image, tmp_path):
    health = {"Test": ["CMD", "true"], "Interval": 10_000_000_000}
    made = tiny.image(base_image, tmp_path / "store", "health", Healthcheck=health)
    api = containers.engine._daemon.api
    image = containers.engine.images.load(made, ["modelpack-test/health:1"], Reporter())
    container = api.create_container(str(image))["Id"]
    try:
        assert api.inspect_container(container)["Config"]["Healthcheck"]["Test"] == ["CMD", "true"]
    finally:
        api.remove_container(container)
        containers.engine.images.remove("modelpack-test/health:1")
