"""Registered models: names, versions, words; finding and deleting them."""

import threading
from pathlib import Path

import pytest

from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.package_model import checked_recipe
from jupyter_modelpack.api.resource_configuration import ResourceConfiguration
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.errors import NotFound, UsageError
from jupyter_modelpack.exceptions import WebserviceException
from jupyter_modelpack.oci.manifest import MANIFEST, Manifest
from tests.workspace_fixtures import register


def test_register_prints_one_line_and_counts_from_one(ws, pickle_file, capsys):
    model = register(ws, "sklearn_regression_model.pkl", tags={"area": "diabetes"}, description="Ridge")
    assert capsys.readouterr().out == "Registering model diabetes\n"
    assert (model.name, model.version, model.id) == ("diabetes", 1, "diabetes:1")
    assert (model.tags, model.description) == ({"area": "diabetes"}, "Ridge")
    assert register(ws, pickle_file).version == 2
    assert not Path("unpickled").exists()


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


@pytest.mark.parametrize("name", ["deploy", "profile"])
def test_what_the_cloud_does_says_so_on_the_class_and_on_a_model(name):
    for owner in (Model, Model(None)):
        with pytest.raises(UsageError, match=f"Model.{name} is a service of the Azure cloud"):
            getattr(owner, name)(None, "service", [])


def test_only_the_version_that_is_packaged_is_read(ws, pickle_file):
    first, second = register(ws, pickle_file), register(ws, pickle_file)
    ws.store.blob_path(ws.store.names("models/diabetes:1")["models/diabetes:1"].digest).unlink()
    config = InferenceConfig.from_source("def init(): ...\ndef run(data): return data\n")
    for named in ("diabetes:2", "diabetes", "diabetes:002"):
        assert [part.version for part in checked_recipe(ws, [named], config).models] == [second.version], named
    with pytest.raises(NotFound, match="Blob"):
        checked_recipe(ws, [first.id], config)
