"""A model's files: which are taken, where they lie, how they come back."""

import os
from pathlib import Path

import pytest

from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.builder.context.source_files import open_regular
from jupyter_modelpack.catalog.models import model_layer
from jupyter_modelpack.errors import Cancelled, Conflict, PathNotFound, Untrusted, UsageError
from jupyter_modelpack.events import Log, Progress, Reporter
from jupyter_modelpack.exceptions import WebserviceException
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import LAYER, Manifest
from tests.workspace_fixtures import register


def layer_paths(ws: Workspace, model: Model) -> list[str]:
    with ws.store.open_blob(model.part().layer) as stream:
        return [entry.path for entry, _ in read_layer(stream) if entry.kind == "file"]


def test_a_file_lies_where_images_want_it(ws, pickle_file):
    model = register(ws, pickle_file)
    root = "var/azureml-app/azureml-models/diabetes/1"
    assert layer_paths(ws, model) == [f"{root}/sklearn_regression_model.pkl"]
    raw = ws.store.image(ws.store.names("models/")["models/diabetes:1"]).raw
    manifest = Manifest.from_bytes(raw)
    assert manifest.artifact_type == "application/vnd.jupyter-modelpack.model.v1+json"
    assert len(manifest.layers) == 1


def test_a_folder_keeps_its_own_name(ws, here):
    folder = here / "bert"
    (folder / "vocab").mkdir(parents=True)
    (folder / "weights.bin").write_bytes(b"w" * 5000)
    (folder / "vocab" / "words with space\n.txt").write_text("a")
    (folder / "empty").mkdir()
    model = register(ws, "bert", "bert")
    assert [path.rpartition("/1/")[2] for path in layer_paths(ws, model)] == [
        "bert/vocab/words with space\n.txt",
        "bert/weights.bin",
    ]
    out = Path(model.download("fetched"))
    assert out == Path("fetched/bert")
    assert (out / "weights.bin").read_bytes() == b"w" * 5000
    assert (out / "vocab" / "words with space\n.txt").read_text() == "a"


def test_child_paths_alone_are_taken(ws, here):
    for name in ("a.txt", "b.txt", "sub/c.txt", "sub/d.txt"):
        path = here / "m" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(name)
    model = register(ws, "m", "m", child_paths=["b.txt", "sub"])
    assert [path.rpartition("/1/")[2] for path in layer_paths(ws, model)] == ["m/b.txt", "m/sub/c.txt", "m/sub/d.txt"]
    with pytest.raises(PathNotFound, match=r'child path "e\.txt" cannot be found'):
        register(ws, "m", "m", child_paths=["e.txt"])
    (here / "secret").write_text("s")
    with pytest.raises(UsageError, match="leads out of"):
        register(ws, "m", "m", child_paths=["../secret"])


def test_the_current_folder_has_a_name(ws, here):
    (here / "x").write_text("x")
    assert layer_paths(ws, register(ws, "."))[0].endswith("/1/here/x")


def test_paths_may_lie_anywhere_but_must_exist(ws, here, tmp_path):
    (tmp_path / "far.bin").write_bytes(b"x")
    assert register(ws, tmp_path / "far.bin").version == 1
    with pytest.raises(FileNotFoundError):
        register(ws, "missing.pkl")
    with pytest.raises(WebserviceException, match=r'model path "missing\.pkl" cannot be found') as caught:
        register(ws, "missing.pkl")
    assert "far.bin" not in caught.value.hint
    with pytest.raises(UsageError, match="is a URL"):
        register(ws, "https://example.com/m.pkl")


def test_links_are_followed_inside_and_refused_outside(ws, here, tmp_path):
    (tmp_path / "secret").write_text("s")
    folder = here / "m"
    folder.mkdir()
    (folder / "real").write_text("r")
    (folder / "alias").symlink_to("real")
    assert len(layer_paths(ws, register(ws, "m", "m"))) == 2
    (here / "by-link").symlink_to(folder)
    assert layer_paths(ws, register(ws, "by-link", "m"))[0].endswith("/2/by-link/alias")
    (folder / "out").symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError, match=r"m/out leads out of .*, to .*secret"):
        register(ws, "m", "m")
    (folder / "out").unlink()
    (folder / "loop").symlink_to(".")
    with pytest.raises(UsageError, match="link to a folder that holds it"):
        register(ws, "m", "m")


def test_a_sibling_with_the_same_beginning_is_outside(ws, here):
    # CVE-2026-5422: `startswith(root)` without the slash.
    (here / "m").mkdir()
    (here / "m-secret").mkdir()
    (here / "m-secret" / "key").write_text("k")
    (here / "m" / "link").symlink_to("../m-secret/key")
    with pytest.raises(UsageError, match="leads out"):
        register(ws, "m", "m")


def test_a_pipe_is_no_model(ws, here):
    os.mkfifo("pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        register(ws, "pipe")


def test_a_file_that_changes_while_it_is_read(ws, pickle_file, monkeypatch):
    register(ws, pickle_file)
    monkeypatch.setattr(model_layer, "open_regular", open_then_touch(pickle_file))
    with pytest.raises(Conflict, match="changed while it was read"):
        register(ws, pickle_file)
    assert list((ws.path / "blobs" / "sha256").glob(".tmp-*")) == []


def open_then_touch(path):
    """Like `open_regular`, for a file that another program writes to at that very moment."""

    class Touching:
        def __init__(self, file):
            self._file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._file.close()

        def fileno(self):
            return self._file.fileno()

        def read(self, size):
            os.utime(path, ns=(1, 1))
            return self._file.read(size)

    return lambda where: Touching(open_regular(where))


def test_progress_within_a_file_and_a_way_out(ws, here, capsys):
    (here / "big").write_bytes(bytes(5 << 20))
    events = []
    register(ws, "big", report=Reporter(events.append))
    seen = [event.done for event in events if isinstance(event, Progress)]
    assert len(seen) >= 5
    assert (seen, seen[-1]) == (sorted(seen), 5 << 20)
    assert events[-1] == Log("Registering model diabetes")
    assert capsys.readouterr().out == ""

    def cancel_halfway(event):
        if isinstance(event, Progress) and event.done > 2 << 20:
            report.cancel()

    report = Reporter(cancel_halfway)
    with pytest.raises(Cancelled):
        register(ws, "big", "other", report=report)
    assert list((ws.path / "blobs" / "sha256").glob(".tmp-*")) == []
    assert register(ws, "big", "other").version == 1


def test_what_a_crash_left_is_swept(ws):
    rubbish = ws.path / "blobs" / "sha256" / ".tmp-0123"
    rubbish.write_bytes(b"half")
    assert Workspace.get("tutorial").models == {}
    assert not rubbish.exists()


def test_download(ws, pickle_file, here):
    model = register(ws, pickle_file)
    assert model.download("out") == "out/sklearn_regression_model.pkl"
    with pytest.raises(WebserviceException, match=r"File already exists\. To overwrite, set exist_ok to True"):
        model.download("out")
    (here / "out" / pickle_file.name).write_text("old")
    model.download("out", exist_ok=True)
    assert (here / "out" / pickle_file.name).read_bytes() == pickle_file.read_bytes()


def test_download_never_follows_a_link_out_of_its_target(ws, here, tmp_path):
    (here / "m" / "sub").mkdir(parents=True)
    (here / "m" / "sub" / "f").write_text("new")
    model = register(ws, "m", "m")
    outside = tmp_path / "outside"
    outside.mkdir()
    (here / "out" / "m").mkdir(parents=True)
    (here / "out" / "m" / "sub").symlink_to(outside)
    with pytest.raises(Conflict, match="file or a link where a folder is needed"):
        model.download("out", exist_ok=True)
    assert list(outside.iterdir()) == []
    (here / "out" / "m" / "sub").unlink()
    (here / "out" / "m" / "sub").mkdir()
    (here / "out" / "m" / "sub" / "f").symlink_to(outside / "f")
    model.download("out", exist_ok=True)
    assert list(outside.iterdir()) == []


def test_download_of_a_damaged_model_leaves_nothing(ws, here):
    (here / "m").write_bytes(b"x" * 100_000)
    model = register(ws, "m", "m")
    blob = ws.store.blob_path(model.part().layer.digest)
    data = bytearray(blob.read_bytes())
    data[4000] ^= 1
    blob.write_bytes(data)
    with pytest.raises(Untrusted, match="damaged"):
        model.download("out")
    assert list((here / "out").iterdir()) == []


def test_the_same_files_give_the_same_layer(ws, pickle_file):
    other = Workspace.create("other")
    os.utime(pickle_file, (1, 1))
    first = register(ws, pickle_file).part().layer
    os.utime(pickle_file, (9, 9))
    assert register(other, pickle_file).part().layer == first
    assert first.media_type == LAYER
