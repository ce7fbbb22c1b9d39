"""Records of a newer modelpack are refused in a sentence; its caches are made again; records without a format are read.

Each kind of record is what this version writes, with another number put into it.
"""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_modelpack import Environment, Model, Workspace
from jupyter_modelpack.builder.base_image.resolve import _noted
from jupyter_modelpack.catalog import digest_cache, versioned_artifacts
from jupyter_modelpack.catalog.package_record import FACTS, PackageFacts
from jupyter_modelpack.delivery.pushed_layers import PushedLayers
from jupyter_modelpack.engine.base import LocalProgram, RunSpec
from jupyter_modelpack.engine.docker import claims
from jupyter_modelpack.engine.process.service_records import ServiceRecord
from jupyter_modelpack.errors import Conflict, Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.manifest import LAYER_GZIP, Descriptor
from jupyter_modelpack.record_format import is_known
from jupyter_modelpack.registry.server.endpoint import Endpoint
from tests.commands.archives import repack
from tests.commands.packages import modelpack, printed, put_package

NEWER = "was written by a newer modelpack: its format is 2, and this one reads formats up to 1.\nUpgrade "


def change(path: Path, **fields: object) -> Path:
    """Change fields of a JSON file; None takes one out."""
    known = {**json.loads(path.read_bytes()), **fields}
    path.write_text(json.dumps({name: value for name, value in known.items() if value is not None}))
    return path


def change_facts(index: bytes, **fields: object) -> bytes:
    """Change fields of the records of packages in an index."""
    document = json.loads(index)
    for entry in document["manifests"]:
        if known := entry.get("annotations", {}).get(FACTS):
            new = {**json.loads(known), **fields}
            entry["annotations"][FACTS] = json.dumps({name: value for name, value in new.items() if value is not None})
    return json.dumps(document).encode()


def refuses(*words: str, what: str) -> None:
    done = modelpack(*words)
    assert (done.returncode, done.stdout) == (4, ""), done.stderr
    assert f"modelpack: {what} {NEWER}" in done.stderr


def passes_over(verb: str, listed: str, *, what: str) -> None:
    """The one that can be read is listed, and the other one is told of."""
    done = modelpack(verb)
    assert done.returncode == 0, done.stderr
    assert listed in done.stdout
    assert f"{what} {NEWER}".partition("\n")[0] in done.stderr


@pytest.fixture
def ws() -> Workspace:
    return Workspace.create("default")


def test_a_workspace(ws):
    mark = change(ws.path / "modelpack.json", format=None)
    assert modelpack("models").returncode == 0
    refuses("models", what=str(change(mark, format=2)))


def test_the_other_workspaces_are_still_listed(ws, caplog):
    other = Workspace.create("other")
    change(other.path / "modelpack.json", format=2)
    assert list(Workspace.list()) == ["default"]
    assert f"{other.path}/modelpack.json was written by a newer modelpack" in caplog.text


def test_the_registry_of_a_workspace(ws):
    put_package(ws)
    address = ws.endpoint().address
    file = change(ws.path / "registry.json", format=None)
    assert ws.endpoint().address == address
    change(file, format=2)
    refuses("packages", what="registry.json of the workspace")


def test_a_package(ws):
    put_package(ws)
    index = ws.path / "index.json"
    index.write_bytes(change_facts(index.read_bytes(), format=None))
    assert "adder:1" in modelpack("packages").stdout
    index.write_bytes(change_facts(index.read_bytes(), format=2))
    put_package(ws, "2")
    passes_over("packages", "adder:2", what="The record of package adder:1")
    refuses("delete", "package", "adder:1", what="The record of package adder:1")
    freed = printed("gc")["rows"][0]
    assert freed["blobs"] == 0
    assert modelpack("delete", "package", "adder:2").returncode == 0


def test_an_archive(ws, tmp_path):
    put_package(ws)
    assert modelpack("save", "adder:1", str(tmp_path / "a.tar")).returncode == 0

    def with_format(number: int | None) -> str:
        target = tmp_path / f"{number}.tar"
        repack(
            tmp_path / "a.tar",
            target,
            lambda name, data: change_facts(data, format=number) if name == "index.json" else data,
        )
        return str(target)

    assert modelpack("load", with_format(None), "--tag", "2").returncode == 0
    done = modelpack("load", with_format(2), "--tag", "3")
    assert done.returncode == 4
    assert f"modelpack: {tmp_path}/2.tar {NEWER}" in done.stderr
    assert [row["reference"].rpartition("/")[2] for row in printed("packages")["rows"]] == ["adder:2", "adder:1"]


@pytest.mark.parametrize("kind", ["model", "environment"])
def test_a_model_or_an_environment(ws, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(versioned_artifacts, "_FORMAT", 2)
    (tmp_path / "m.pkl").write_bytes(b"weights")
    if kind == "model":
        Model.register(ws, str(tmp_path / "m.pkl"), "diabetes")
        monkeypatch.setattr(versioned_artifacts, "_FORMAT", 1)
        Model.register(ws, str(tmp_path / "m.pkl"), "weights")
        passes_over("models", "weights", what="The record of model diabetes:1")
        assert [model.name for model in Model.list(ws)] == ["weights"]
        with pytest.raises(Conflict, match=r"^The record of model diabetes:1 was written by a newer modelpack"):
            Model(ws, "diabetes")
    else:
        Environment("sklearn").register(ws)
        monkeypatch.setattr(versioned_artifacts, "_FORMAT", 1)
        Environment("torch").register(ws)
        assert list(ws.environments) == ["torch"]
        with pytest.raises(Conflict, match=r"^The record of environment sklearn:1 was written by a newer modelpack"):
            Environment.get(ws, "sklearn")


@pytest.mark.parametrize(
    "found",
    [
        "application/vnd.jupyter-modelpack.model.v0+json",
        "application/vnd.jupyter-modelpack.model.v12345678901+json",
        "application/vnd.jupyter-modelpack.model.v1+json\n",
        "application/vnd.jupyter-modelpack.environment.v1+json",
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.example.model.v2+json",
    ],
)
def test_what_is_no_model_is_none_of_another_format(ws, tmp_path, caplog, found):
    (tmp_path / "m.pkl").write_bytes(b"weights")
    Model.register(ws, str(tmp_path / "m.pkl"), "weights")
    others = versioned_artifacts.VersionedArtifacts(ws.store, "model")
    others._type = found
    others.put("diabetes", 1, {"tags": {}, "properties": {}})
    with pytest.raises(Untrusted, match=r"^The record of model diabetes:1 is none of ours: its type is "):
        Model(ws, "diabetes")
    assert [model.name for model in Model.list(ws)] == ["weights"]
    assert "The record of model diabetes:1 is none of ours" in caplog.text


def test_a_local_service(tmp_path):
    spec = RunSpec("adder:1", "adder", 5001, {}, {}, LocalProgram([], tmp_path, {}))
    file = change(ServiceRecord.claim(spec, 5001).folder / "service.json", format=None)
    assert "adder" in modelpack("services").stdout
    change(file, format=2)
    ServiceRecord.claim(replace(spec, name="other"), 5002)
    passes_over("services", "other", what=str(file))
    refuses("kill", "adder", "--engine", "process", what=str(file))


def test_a_container(home):
    number = claims.begin("adder")
    claims.settle(number, "adder", "abc")
    file, labels = home / "containers" / number, {claims.CLAIM_LABEL: number}
    change(file, format=None)
    assert claims.holds("abc", "adder", labels)
    change(file, format=2)
    with pytest.raises(Conflict, match=f"^{file} was written by a newer modelpack"):
        claims.holds("abc", "adder", labels)


@pytest.mark.parametrize("number", [0, -1, "2", True, [1], 1.5, {}])
def test_what_is_no_number_from_1_is_damaged_and_not_newer(ws, number):
    mark = change(ws.path / "modelpack.json", format=number)
    assert not is_known({"format": number}, 1)
    done = modelpack("models")
    assert (done.returncode, done.stdout) == (5, ""), done.stderr
    assert f"{mark} is damaged: its format is {number}, and no whole number from 1.\nWrite 1 there" in done.stderr
    change(mark, format=1)
    assert modelpack("models").returncode == 0, "the advice helps"


@pytest.mark.parametrize(
    "text",
    ["[]", "{", "[" * 100_000, '{"format": "1"}', '{"models": 5}', '{"layers": 5}', '{"layers": [[1]]}'],
    ids=lambda text: text[:9],
)
def test_a_record_of_a_package_that_is_none(text):
    with pytest.raises(Untrusted, match=r"^The record of package adder:1 is (not JSON|not a JSON object|damaged)"):
        PackageFacts.from_json(text, "The record of package adder:1")


@pytest.mark.parametrize(
    "data", [b"[]", b"{", b"[" * 100_000, b"\xff", b"{}", b'{"port": 1}'], ids=lambda data: data[:9]
)
def test_a_registry_of_a_workspace_that_is_none(data):
    with pytest.raises(Untrusted, match=r"registry\.json") as caught:
        Endpoint.from_json(data)
    assert (caught.value.code, caught.value.hint[:9]) == ("bad-endpoint", "Delete it")


@pytest.mark.parametrize("text", ["[]", "[" * 100_000, '{"format": "1"}', '{"format": 0}'], ids=lambda text: text[:9])
def test_an_archive_whose_record_is_none_is_loaded_without_it(ws, tmp_path, text):
    put_package(ws)
    assert modelpack("save", "adder:1", str(tmp_path / "a.tar")).returncode == 0

    def damaged(name: str, data: bytes) -> bytes:
        document = json.loads(data) if name == "index.json" else {"manifests": []}
        for entry in document["manifests"]:
            entry["annotations"][FACTS] = text
        return json.dumps(document).encode() if document["manifests"] else data

    repack(tmp_path / "a.tar", tmp_path / "b.tar", damaged)
    done = modelpack("load", str(tmp_path / "b.tar"), "--tag", "2")
    assert done.returncode == 0, done.stderr


def test_a_note_of_a_layer_that_was_sent_is_made_again(home):
    memory, plain, sent = PushedLayers(), Digest.of(b"plain"), Descriptor(LAYER_GZIP, Digest.of(b"sent"), 4)
    memory.keep(plain, sent, "registry.example", "team/adder")
    [note] = (home / "cache/shipped").iterdir()
    change(note, format=None)
    assert memory.compressed(plain) == sent
    change(note, format=2)
    assert memory.compressed(plain) is None
    memory.keep(plain, sent, "registry.example", "team/adder")
    assert memory.compressed(plain) == sent


def test_a_note_of_a_files_digest_is_made_again(home, tmp_path, monkeypatch):
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"1" * digest_cache.REMEMBERED)
    os.utime(weights, (1, 1))
    monkeypatch.setattr("jupyter_modelpack.analysis.file_state.SETTLED_NS", -1)
    right = digest_cache.digest_of(weights, Reporter())
    assert right.hex == hashlib.sha256(weights.read_bytes()).hexdigest()
    [note] = (home / "cache/digests").iterdir()
    other = Digest.of(b"another")
    change(note, format=None, digest=other)
    assert digest_cache.digest_of(weights, Reporter()) == other, "it is read"
    change(note, format=2)
    assert digest_cache.digest_of(weights, Reporter()) == right


def test_a_note_of_an_images_python_is_no_note(tmp_path):
    note = tmp_path / "note"
    note.write_text(json.dumps({"version": "3.11", "interpreter": "/usr/bin/python3.11"}))
    assert _noted(note).version == "3.11"
    _noted.cache_clear()
    change(note, format=2)
    with pytest.raises(ValueError, match="note"):
        _noted(note)
