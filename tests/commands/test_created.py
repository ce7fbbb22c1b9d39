"""When a package was made is the workspace's to know: the image of the same input is the same at any time."""

import json
import secrets
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.catalog import package_record
from tests.commands.packages import modelpack, printed

pytestmark = [pytest.mark.network, pytest.mark.engine]


@pytest.fixture
def here(tmp_path: Path, base_image: Path, docker_host: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "score.py").write_text("def init(): ...\ndef run(data):\n    return data\n")
    (tmp_path / "model.bin").write_bytes(b"weights")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return tmp_path


def test_images_show_when_they_were_packaged_and_do_not_hold_it(here):
    for workspace in ("one", "two"):
        Workspace.create(workspace)
    name = f"created-{secrets.token_hex(4)}"  # the engine is shared
    words = ["package", "score.py", "--model", "model.bin", "--name", name]
    first = printed(*words, "--tag", "1", "-w", "one", MODELPACK_ENGINE="docker")
    second = printed(*words, "--tag", "1", "-w", "two")  # the model is registered again, at another moment
    assert second["digest"] == first["digest"]

    rows = printed("images", "-w", "one", MODELPACK_ENGINE="docker")["rows"]
    (row,) = [row for row in rows if row["repository"].endswith(f"/{name}")]
    packaged = datetime.fromisoformat(row["created"])
    assert timedelta() <= datetime.now(UTC) - packaged < timedelta(minutes=5)
    said = subprocess.check_output(["docker", "inspect", "--format", "{{.Created}}", row["id"]], text=True).strip()
    assert datetime.fromisoformat(said) < packaged, "docker shows the base image's age"
    (kept,) = printed("packages", "-w", "one")["rows"]
    assert datetime.fromisoformat(kept["created"]) == packaged


def test_a_record_of_an_earlier_version_is_dated_too(here):
    printed("package", "score.py", "--tag", "1")
    store = Workspace.default().store
    (record,) = package_record.read(store)
    times = package_record.packaged_times(store)
    assert times == {(record.facts.image, "1"): record.created, (record.facts.image, ""): record.created}
    facts = json.loads(record.facts.to_json())
    del facts["image"]
    known = package_record.PackageFacts.from_json(json.dumps(facts), "The record")
    package_record.write(store, "package", "1", record.descriptor, known)
    assert package_record.packaged_times(store).keys() == times.keys()


def test_a_time_that_is_asked_for_is_the_images(here):
    printed("package", "score.py", "--created", "2026-12-31", "--tag", "then")
    assert Workspace.default().packages[0].image.config()["created"] == "2026-12-31T00:00:00Z"
    assert printed("verify", "package:then")["sound"]
    wrong = modelpack("package", "score.py", "--created", "yesterday")
    assert wrong.returncode == 2
    assert "'yesterday' is no time that an image could name as its own." in wrong.stderr
