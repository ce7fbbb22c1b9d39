import os
import threading
from pathlib import Path

import pytest

from jupyter_modelpack.build.source_files import open_regular
from jupyter_modelpack.errors import Cancelled, Conflict, NotFound, PathNotFound, Untrusted, UsageError
from jupyter_modelpack.events import Log, Progress, Reporter
from jupyter_modelpack.exceptions import WebserviceException
from jupyter_modelpack.oci.layer import read_layer
from jupyter_modelpack.oci.manifest import LAYER, MANIFEST, Manifest
from jupyter_modelpack.workspace import model_store
from jupyter_modelpack.workspace.model import Model
from jupyter_modelpack.workspace.resource_configuration import ResourceConfiguration
from jupyter_modelpack.workspace.workspace import Workspace


def register(ws: Workspace, path, name="diabetes", **more) -> Model:
    return Model.register(workspace=ws, model_path=path, model_name=name, **more)


def layer_paths(ws: Workspace, model: Model) -> list[str]:
    with ws.store.open_blob(model.part().layer) as stream:
        return [entry.path for entry, _ in read_layer(stream) if entry.kind == "file"]


def test_register_prints_one_line_and_counts_from_one(ws, pickle_file, capsys):
    model = register(ws, "sklearn_regression_model.pkl", tags={"area": "diabetes"}, description="Ridge")
    assert capsys.readouterr().out == "Registering model diabetes\n"
    assert (model.name, model.version, model.id) == ("diabetes", 1, "diabetes:1")
    assert (model.tags, model.description) == ({"area": "diabetes"}, "Ridge")
    assert register(ws, pickle_file).version == 2
    assert not Path("unpickled").exists()


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
    monkeypatch.setattr(model_store, "open_regular", open_then_touch(pickle_file))
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


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "a\n", "é", "x" * 256, 5])
def test_bad_names(ws, pickle_file, name):
    with pytest.raises(WebserviceException, match="provided model name is invalid"):
        register(ws, pickle_file, name)


def test_the_longest_name_works(ws, pickle_file):
    assert register(ws, pickle_file, "x" * 255).version == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"tags": ["a"]}, "Tags must be a dict"),
        ({"properties": "a"}, "Properties must be a dict"),
        ({"tags": {"a": object()}}, "JSON serializable"),
        ({"model_framework_version": "1.0"}, "without a valid framework"),
        ({"model_framework": "Keras"}, "'Keras' is not one of"),
        ({"datasets": [("train", 1)]}, "Azure cloud"),
    ],
)
def test_bad_words_cost_no_version(ws, pickle_file, words, message):
    with pytest.raises(WebserviceException, match=message):
        register(ws, pickle_file, **words)
    assert register(ws, pickle_file).version == 1


def test_selection(ws, pickle_file):
    register(ws, pickle_file, tags={"a": "1"}, properties={"p": "q"})
    register(ws, pickle_file, tags={"a": "2"}, model_framework=Model.Framework.ONNX)
    register(ws, pickle_file, "other")
    assert Model(ws, "diabetes").version == 2
    assert Model(ws, "diabetes", version=1).version == 1
    assert Model(ws, "diabetes", version="1").version == 1
    assert Model(ws, "diabetes", version=0).version == 2
    assert Model(ws, id="diabetes:1", name="ignored").name == "diabetes"
    assert Model(ws, "diabetes", tags=[["a", "1"]]).version == 1
    assert Model(ws, "diabetes", properties=["p"]).version == 1
    assert Model(ws, "diabetes", model_framework="Onnx").version == 2
    assert ws.models["diabetes"].version == 2
    assert Model(None).name == ""
    with pytest.raises(WebserviceException, match="one of id or name must be provided"):
        Model(ws)


def test_not_found_has_the_word_people_grep_for(ws):
    with pytest.raises(WebserviceException) as caught:
        Model(ws, "diabetes", version=3)
    assert caught.value.message == (
        "ModelNotFound: Model with name diabetes, version 3 not found in provided workspace"
    )
    for bad in ("diabetes:x", "diabetes", ":", "a:-1"):
        with pytest.raises(NotFound, match="ModelNotFound"):
            Model(ws, id=bad)


def test_list(ws, pickle_file):
    register(ws, pickle_file, tags={"a": "1"})
    register(ws, pickle_file, tags={"a": "2", "b": "1"})
    register(ws, pickle_file, "other")
    Model(ws, "diabetes", version=1).add_tags({"c": "3"})
    ids = lambda **how: [model.id for model in Model.list(ws, **how)]  # noqa: E731
    assert ids() == ["other:1", "diabetes:2", "diabetes:1"]
    assert ids(latest=True) == ["other:1", "diabetes:2"]
    assert ids(name="diabetes", tags=["a"]) == ["diabetes:2", "diabetes:1"]
    assert ids(tags=[["a", "1"]]) == ["diabetes:1"]
    assert ids(tags=["a", "b"]) == ["diabetes:2"]
    with pytest.raises(UsageError, match="Expected tags must be list"):
        ids(tags={"a": "1"})
    with pytest.raises(UsageError, match=r"between 20 and 255\. Provided: 3"):
        ids(page_count=3)


def test_versions_are_never_given_twice(ws, pickle_file):
    register(ws, pickle_file)
    register(ws, pickle_file).delete()
    assert register(ws, pickle_file).version == 3
    with pytest.raises(NotFound):
        Model(ws, "diabetes", version=2)


def test_versions_under_many_writers(ws, pickle_file):
    def work():
        for _ in range(5):
            register(Workspace.get("tutorial"), pickle_file)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [model.version for model in Model.list(ws)] == list(range(20, 0, -1))


def test_tags_and_properties(ws, pickle_file, capsys):
    model = register(ws, pickle_file, tags={"a": "1"}, properties={"p": "q"})
    capsys.readouterr()
    model.add_tags({"a": "2", "b": "3"})
    model.remove_tags(["b", "z"])
    model.add_properties({"r": "s"})
    assert capsys.readouterr().out.splitlines() == [
        "Replacing tag a -> 1 with a -> 2",
        "Model tag add operation complete.",
        "Tag with key z not found.",
        "Model tag remove operation complete.",
        "Model properties add operation complete.",
    ]
    again = Model(ws, "diabetes")
    assert (again.tags, again.properties) == ({"a": "2"}, {"p": "q", "r": "s"})
    with pytest.raises(WebserviceException, match="the following keys cannot be added/modified: p,r"):
        model.add_properties({"p": "x", "r": "y"})
    model.update(tags={}, description="new", resource_configuration=ResourceConfiguration(cpu=0.5))
    assert Model(ws, "diabetes").description == "new"
    model.remove_tags(["a"])
    assert "Model has no tags to remove." in capsys.readouterr().out
    with pytest.raises(UsageError, match="greater than 0"):
        ResourceConfiguration(gpu=0)


def test_serialize_and_back(ws, pickle_file):
    model = register(ws, pickle_file, tags={"a": "1"}, resource_configuration=ResourceConfiguration(1, 0.5))
    data = model.serialize()
    assert (data["id"], data["tags"]) == ("diabetes:1", {"a": "1"})
    again = Model.deserialize(ws, data)
    assert again.resource_configuration == ResourceConfiguration(1, 0.5)
    assert again.serialize() == data
    assert repr(model) == (
        "Model(workspace=Workspace.create(name='tutorial'), name=diabetes, id=diabetes:1, version=1, "
        "tags={'a': '1'}, properties={})"
    )


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


def test_get_model_path(ws, pickle_file, here, monkeypatch):
    monkeypatch.setenv("AML_APP_ROOT", str(here / "app"))
    for version in ("2", "9", "10"):
        folder = here / "app" / "azureml-models" / "m" / version
        folder.mkdir(parents=True)
        (folder / "f.pkl").write_text(version)
    assert Model.get_model_path("m").endswith("m/10/f.pkl")
    assert Model.get_model_path("m", 2).endswith("m/2/f.pkl")
    assert Model.get_model_path(pickle_file.name) == pickle_file.name
    with pytest.raises(NotFound, match="Model n not found in cache at"):
        Model.get_model_path("n")
    with pytest.raises(UsageError, match="version should be an int"):
        Model.get_model_path("m", "2")
    (folder / "more").write_text("")
    with pytest.raises(WebserviceException, match="can contain only 1 file or folder"):
        Model.get_model_path("m")
    register(ws, pickle_file)
    assert Model.get_model_path("diabetes", _workspace=ws).endswith("azureml-models/diabetes/1/" + pickle_file.name)


def test_delete_is_refused_while_an_image_holds_it(ws, pickle_file):
    model = register(ws, pickle_file)
    config = ws.store.put_bytes("application/vnd.oci.image.config.v1+json", b"{}")
    raw = Manifest(config, (model.part().layer,)).to_bytes()
    ws.store.tag("package:1", ws.store.put_bytes(MANIFEST, raw))
    with pytest.raises(WebserviceException, match=r"cannot be deleted .* one or more images: package:1"):
        model.delete()
    ws.store.untag("package:1")
    model.delete()
    assert ws.models == {}


def test_what_only_the_cloud_has_says_so(ws, pickle_file):
    with pytest.raises(UsageError, match="Azure cloud"):
        register(ws, pickle_file).get_sas_urls()


def test_the_same_files_give_the_same_layer(ws, pickle_file):
    other = Workspace.create("other")
    os.utime(pickle_file, (1, 1))
    first = register(ws, pickle_file).part().layer
    os.utime(pickle_file, (9, 9))
    assert register(other, pickle_file).part().layer == first
    assert first.media_type == LAYER


@pytest.mark.parametrize("name", ["deploy", "profile"])
def test_what_the_cloud_does_says_so_on_the_class_and_on_a_model(name):
    for owner in (Model, Model(None)):
        with pytest.raises(UsageError, match=f"Model.{name} is a service of the Azure cloud"):
            getattr(owner, name)(None, "service", [])
