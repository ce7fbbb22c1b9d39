"""What registering costs beside many others: counted in work, not in seconds."""

import json
import sys
from dataclasses import replace

import pytest

from jupyter_modelpack.api.model import Model
from jupyter_modelpack.oci import manifest
from jupyter_modelpack.oci.manifest import REF_NAME, Descriptor
from jupyter_modelpack.store import contents
from tests.workspace_fixtures import register


class Work:
    """Counts files opened, descriptors parsed or written down, and bytes of JSON read."""

    def __init__(self) -> None:
        self.counting = False
        self.done: dict[str, int] = {}

    def add(self, what: str, amount: int = 1) -> None:
        if self.counting:
            self.done[what] = self.done.get(what, 0) + amount

    def of(self, deed) -> dict[str, int]:
        self.done, self.counting = {}, True
        try:
            deed()
        finally:
            self.counting = False
        return self.done


WORK = Work()
sys.addaudithook(lambda event, _words: WORK.add("files") if event == "open" else None)


@pytest.fixture
def work(monkeypatch) -> Work:
    from_json, to_json, loads = Descriptor.from_json, Descriptor.to_json, json.loads
    monkeypatch.setattr(Descriptor, "from_json", lambda document: (WORK.add("parsed"), from_json(document))[1])
    monkeypatch.setattr(Descriptor, "to_json", lambda self: (WORK.add("written"), to_json(self))[1])
    monkeypatch.setattr(manifest.json, "loads", lambda data: (WORK.add("bytes", len(data)), loads(data))[1])
    return WORK


def grow(ws, count: int) -> None:
    """Name the last model `count` times more, as other models."""

    def change(index):
        last = index.manifests[-1]
        more = tuple(replace(last, annotations={REF_NAME: f"models/other{i}:1"}) for i in range(count))
        return replace(index, manifests=(*index.manifests, *more)), None

    ws.store.update(change)


def test_the_cost_of_registering_does_not_grow_with_what_is_there(ws, pickle_file, work):
    register(ws, pickle_file)
    few = [work.of(lambda: register(ws, pickle_file)) for _ in range(2)]
    grow(ws, 2_000)
    many = [work.of(lambda: register(ws, pickle_file)) for _ in range(2)]
    assert few[1]["parsed"] < 20  # the harness sees something
    for what in ("files", "parsed", "written"):
        assert many[1][what] == few[1][what], what
    assert many[1]["bytes"] < few[1]["bytes"] + 200


def test_one_version_is_read_of_many(ws, pickle_file, work):
    for _ in range(3):
        register(ws, pickle_file)
    few = work.of(lambda: Model(ws, "diabetes"))
    latest = work.of(lambda: ws.models)
    for _ in range(10):
        register(ws, pickle_file)
    assert work.of(lambda: Model(ws, "diabetes"))["files"] == few["files"]
    assert work.of(lambda: ws.models)["files"] == latest["files"]


def test_what_another_writes_is_seen(ws, pickle_file):
    register(ws, pickle_file)
    path = ws.store.path / "index.json"
    before = path.read_bytes()
    register(ws, pickle_file)
    assert ws.models["diabetes"].version == 2
    path.write_bytes(before)  # in place, as other tools write it, and of another moment
    assert ws.models["diabetes"].version == 1
    assert contents.parsed(ws.store.path, before).raw == before


def test_an_index_is_written_as_it_always_was(ws, pickle_file):
    register(ws, pickle_file, description='a "name", \\ and ü')
    grow(ws, 3)
    register(ws, pickle_file)
    raw = (ws.store.path / "index.json").read_bytes()
    assert manifest.canonical(json.loads(raw)) == raw == manifest.Index.from_bytes(raw).to_bytes()
