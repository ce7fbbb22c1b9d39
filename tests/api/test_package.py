"""The life of a package, with a builder that does as it is told; the real one is in test_tutorial."""

import _thread
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import pytest
import sklearn
from sklearn.preprocessing import StandardScaler

from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.package import ModelPackage
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.builder import build as local
from jupyter_modelpack.builder.recipe import Built, LayerNote
from jupyter_modelpack.catalog import package_record
from jupyter_modelpack.catalog.package_record import PackageFacts
from jupyter_modelpack.commands import lookup
from jupyter_modelpack.errors import BuildFailed, Cancelled, Conflict, NotFound, PathNotFound, Unavailable, UsageError
from jupyter_modelpack.events import Log, Reporter, Stage
from jupyter_modelpack.exceptions import WebserviceException
from jupyter_modelpack.oci.manifest import CONFIG, MANIFEST, Manifest

SCRIPT = "def init():\n    pass\n\ndef run(data):\n    return data\n"


class Builder:
    """In place of `build.local.build`: makes an image of the models' layers, when `go` lets it."""

    def __init__(self):
        self.go = threading.Event()
        self.go.set()
        self.started = threading.Event()
        self.error = None
        self.recipes = []

    def build(self, recipe, store, report, *, base=None, resolved=None):
        self.recipes.append(recipe)
        report.stage("base", "Base image")
        report.log("first line\nsecond line https://user:geheim@example.com/")
        self.started.set()
        while not self.go.wait(0.02):
            report.check()
        if self.error:
            raise self.error
        config = store.put_bytes(CONFIG, b'{"n":%d}' % len(self.recipes))
        layers = tuple(model.layer for model in recipe.models)
        image = store.image(store.put_bytes(MANIFEST, Manifest(config, layers).to_bytes()))
        notes = tuple(
            LayerNote(f"model {one.name}", one.layer.digest, one.layer.size, reused=True) for one in recipe.models
        )
        return Built(image, notes, "", "base", 0.1)


@pytest.fixture
def builder(monkeypatch) -> Builder:
    builder = Builder()
    monkeypatch.setattr(local, "build", builder.build)
    yield builder
    builder.go.set()


@pytest.fixture
def model(ws, pickle_file, capsys) -> Model:
    model = Model.register(workspace=ws, model_path=pickle_file, model_name="diabetes")
    capsys.readouterr()
    return model


@pytest.fixture
def config() -> InferenceConfig:
    return InferenceConfig.from_source(SCRIPT, "score.py", Environment("e"))


def test_package_returns_at_once_and_shows_the_build_as_it_goes(ws, model, config, builder, capsys):
    builder.go.clear()
    package = Model.package(ws, [model], config)
    assert (package.state, package.location, package.digest, package.error) == ("Running", None, None, None)
    assert repr(package) == (
        "ModelPackage(workspace=Workspace.create(name='tutorial'), generate_dockerfile=False, state=Running)"
    )
    assert builder.started.wait(5)
    assert package.get_logs() == "Step 1 : Base image\nfirst line\nsecond line https://***@example.com/\n"
    threading.Timer(0.1, builder.go.set).start()
    package.wait_for_creation(show_output=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["Step 1 : Base image", "first line", "second line https://***@example.com/"]
    assert lines[-2:] == [f"Successfully tagged {package.location}", "Package creation Succeeded"]
    assert package.location == f"{ws.endpoint().address}/package:{package.location.rpartition(':')[2]}"
    assert len(package.location.rpartition(":")[2]) == 14
    package.wait_for_creation(show_output=True)
    package.wait_for_creation()
    assert "geheim" not in package.get_logs()


def test_nothing_is_printed_unasked(ws, model, config, builder, capsys):
    package = Model.package(ws, [model], config)
    package.wait_for_creation()
    package.update_creation_state()
    assert capsys.readouterr().out == ""
    assert package.serialize() == {
        "generateDockerfile": False,
        "state": "Succeeded",
        "location": package.location,
    }


def test_what_the_builder_is_told(ws, model, builder, here):
    (here / "score.py").write_text(SCRIPT)
    environment = Environment("e")
    environment.environment_variables["A"] = "1"
    environment.docker.base_image_registry.address = "example.com"
    environment.docker.base_image = "team/base"
    package = Model.package(ws, [model, "diabetes:1"], InferenceConfig("score.py", environment=environment))
    (here / "score.py").write_text("something else")
    package.wait_for_creation()
    recipe = builder.recipes[0]
    assert [part.name for part in recipe.models] == ["diabetes"]
    assert recipe.source.content == SCRIPT.encode()
    assert (recipe.name, recipe.needs.base, recipe.needs.variables) == ("package", "example.com/team/base", {"A": "1"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"models": None},
        {"models": 7},
        {"inference_config": "score.py"},
        {"image_name": 5},
        {"image_label": 5},
        {"workspace": None},
    ],
)
def test_arguments_of_another_kind_are_named(ws, model, config, builder, wrong):
    with pytest.raises(UsageError, match=f"{next(iter(wrong))} is "):
        Model.package(**{"workspace": ws, "models": [model], "inference_config": config, **wrong})
    assert builder.recipes == []


def test_a_package_is_named_by_text(ws):
    with pytest.raises(UsageError, match="named by text, not NoneType"):
        ModelPackage.get(ws, None)


@pytest.mark.parametrize("folder", ["/dev/null", "/dev/null/x", "/proc/modelpack"])
def test_a_model_where_no_folder_can_be(model, folder):
    with pytest.raises((UsageError, PathNotFound), match=folder):
        model.download(folder)


def test_the_newest_of_its_kind_when_nobody_names_one(ws, model, config, builder):
    image = Model.package(ws, [model], config)
    image.wait_for_creation()
    assert lookup.package(ws, None, dockerfile=True).location == image.location  # and save says what it is
    kept = ModelPackage.get(ws, image.location).image
    saved = package_record.write(ws.store, "saved", "1", kept.descriptor, PackageFacts(dockerfile=True))
    assert ModelPackage.list(ws)[0].generate_dockerfile
    assert lookup.package(ws, None).location == image.location
    assert lookup.package(ws, None, dockerfile=True).location.endswith(saved.name)
    assert lookup.package(ws, "saved:1").generate_dockerfile


def test_image_name_and_label(ws, model, config, builder):
    first = Model.package(ws, [model], config, image_name="team/service", image_label="v1")
    first.wait_for_creation()
    assert first.location.endswith("/team/service:v1")
    again = Model.package(ws, [model], config, image_name="team/service", image_label="v1")
    again.wait_for_creation()
    assert [package.digest for package in ws.packages] == [again.digest]
    for name in ("models/x", "environments", "azureml/y"):
        with pytest.raises(UsageError, match="the workspace's own names"):
            Model.package(ws, [model], config, image_name=name)
    for how in ({"image_name": "Upper"}, {"image_name": "a b"}, {"image_label": "-x"}, {"image_label": "a/b"}):
        with pytest.raises(UsageError, match="is not a"):
            Model.package(ws, [model], config, **how)


def test_two_packages_of_one_second_have_two_names(ws, model, config, builder):
    packages = [Model.package(ws, [model], config) for _ in range(5)]
    for package in packages:
        package.wait_for_creation()
    assert len({package.location for package in packages}) == 5
    assert len(ws.packages) == 5


def test_another_kernel_finds_the_package(ws, model, config, builder):
    made = Model.package(ws, [model], config)
    made.wait_for_creation()
    there = Workspace.get("tutorial")
    name = made.location.partition("/")[2]
    for reference in (
        name,
        "package",
        name.partition(":")[2],
        made.location,
        made.digest,
        made.digest.short,
        made.image_id,
        made.image_id.short,
        f"package@{made.digest}",
    ):
        found = ModelPackage.get(there, reference)
        assert (found.location, found.digest, found.state) == (made.location, made.digest, "Succeeded")
    assert (found.models, found.layers, found.size) == (("diabetes:1",), made.layers, made.size)
    assert found.get_logs() == made.get_logs() == Path(made.package_build_log_uri.removeprefix("file://")).read_text()
    assert found.get_logs(decode=False, offset=5) == made.get_logs().encode()[5:]
    assert list(ws.images) == [made.location.rpartition(":")[0]]
    assert found.created_time.tzinfo is not None
    with pytest.raises(NotFound, match="holds no package 'nothing'") as caught:
        ModelPackage.get(ws, "nothing")
    assert name in caught.value.hint


def test_a_model_in_an_image_stays(ws, model, config, builder):
    Model.package(ws, [model], config).wait_for_creation()
    with pytest.raises(Conflict, match="being used in one or more images: package:"):
        model.delete()


def test_failure_in_azures_words_with_the_log(ws, model, config, builder, capsys):
    builder.error = BuildFailed("uv found no scikit-larn", hint="Check the name.", step="resolve", log_tail=["a", "b"])
    package = Model.package(ws, [model], config)
    with pytest.raises(WebserviceException) as caught:
        package.wait_for_creation(show_output=True)
    assert caught.value.message == (
        "Package creation reached non-successful terminal state.\nState: Failed\nError:\n"
        "StatusCode: 500\nMessage: uv found no scikit-larn"
    )
    assert (caught.value.hint, caught.value.log_tail, caught.value.step) == ("Check the name.", ("a", "b"), "resolve")
    assert capsys.readouterr().out.endswith("Package creation Failed\n")
    assert package.error["message"] == "uv found no scikit-larn"
    assert (package.state, package.location, package.size, package.layers) == ("Failed", None, 0, ())
    assert package.get_logs().endswith("uv found no scikit-larn\n  | a\n  | b\nCheck the name.\n")
    assert ws.packages == []
    with pytest.raises(UsageError, match="not made yet: it is Failed"):
        _ = package.image


def test_with_a_reporter_errors_come_as_they_are(ws, model, config, builder, capsys):
    events = []
    builder.error = Unavailable("The disk is full.", code="disk-full")
    with pytest.raises(Unavailable, match="The disk is full"):
        Model.package(ws, [model], config).wait_for_creation(report=Reporter(events.append))
    assert events[:2] == [Stage("base", "Base image"), Log("first line")]
    assert capsys.readouterr().out == ""


def test_an_error_nobody_expected_is_not_hidden(ws, model, config, builder):
    builder.error = ZeroDivisionError("bug")
    package = Model.package(ws, [model], config)
    with pytest.raises(ZeroDivisionError):
        package.wait_for_creation()
    assert package.error == {"statusCode": 500, "message": "ZeroDivisionError: bug"}


def test_cancel(ws, model, config, builder, capsys):
    builder.go.clear()
    package = Model.package(ws, [model], config)
    assert builder.started.wait(5)
    package.cancel()
    assert package.state == "Cancelled"
    with pytest.raises(Cancelled):
        package.wait_for_creation(show_output=True)
    assert capsys.readouterr().out.endswith("Package creation Cancelled\n")
    assert ws.packages == []


def test_a_reporter_may_cancel(ws, model, config, builder):
    builder.go.clear()
    package = Model.package(ws, [model], config)
    report = Reporter()
    threading.Timer(0.1, report.cancel).start()
    with pytest.raises(Cancelled):
        package.wait_for_creation(report=report)
    assert package.state == "Cancelled"


def test_interrupt_stops_waiting_and_the_build(ws, model, config, builder, capsys):
    builder.go.clear()
    package = Model.package(ws, [model], config)
    interrupted = []

    def interrupt():
        assert builder.started.wait(5)
        time.sleep(0.1)
        interrupted.append(time.monotonic())
        _thread.interrupt_main()

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        package.wait_for_creation(show_output=True)
    assert time.monotonic() - interrupted[0] < 1
    assert package.state == "Cancelled"
    assert capsys.readouterr().out.endswith("Package creation cancelled; nothing half made was left behind.\n")
    assert ws.packages == []


def test_models_may_be_named(ws, model, config, builder, here, capsys):
    (here / "weights.bin").write_bytes(b"w")
    package = Model.package(ws, ["diabetes:1", "weights.bin"], config)
    assert package.models == ("diabetes:1", "weights.bin:1")
    assert capsys.readouterr().out == "Registering model weights.bin\n"
    assert Model.package(ws, ["diabetes"], config).models == ("diabetes:1",)
    assert Model.package(ws, model, config).models == ("diabetes:1",)
    assert Model.package(ws, [], config).models == ()
    with pytest.raises(PathNotFound, match="model path"):
        Model.package(ws, ["nothing"], config)
    with pytest.raises(UsageError, match=r"azureml\.core\.Model or a str path"):
        Model.package(ws, [3], config)
    with pytest.raises(UsageError, match="is not of"):
        Model.package(Workspace.create("other"), [model], config)


def test_without_an_inference_config(ws, model, pickle_file):
    with pytest.raises(UsageError, match="when deploying zero or multiple models"):
        Model.package(ws, [])
    with pytest.raises(UsageError, match="with model_framework set to None"):
        Model.package(ws, [model])
    onnx = Model.register(ws, pickle_file, "onnx", model_framework=Model.Framework.ONNX)
    with pytest.raises(UsageError, match="without an InferenceConfig is a service of the Azure cloud"):
        Model.package(ws, [onnx])


def test_without_an_inference_config_a_script_is_made_for_a_model_of_a_known_kind(ws, builder, here):
    joblib.dump(StandardScaler().fit([[1.0], [3.0]]), "scaler.pkl")
    Model.package(ws, ["scaler.pkl"])
    assert builder.started.wait(10)
    [recipe] = builder.recipes
    assert b'joblib.load(Path(os.environ["AZUREML_MODEL_DIR"], "scaler.pkl"))' in recipe.source.content
    assert f"scikit-learn=={sklearn.__version__}" in recipe.needs.requirements


def test_an_image_is_pulled_and_a_dockerfile_saved(ws, model, config, builder, monkeypatch, capsys):
    monkeypatch.setenv("MODELPACK_ENGINE", "process")
    package = Model.package(ws, [model], config)
    with pytest.raises(WebserviceException, match=r"saved to a local directory\. Use pull"):
        package.save("out")
    package.pull()
    lines = capsys.readouterr().out.splitlines()
    assert "Package creation Succeeded" in lines
    assert lines[-1].startswith(f"{package.location} is in the workspace. Not isolated")


def test_a_script_that_ends_does_not_end_its_build(home, here):
    (here / "w").write_text("w")
    script = f"""
import time
from jupyter_modelpack.api.build_job import BuildJob
BuildJob(lambda report: (time.sleep(0.3), open({str(here / "done")!r}, "w").close()), lambda lines: None)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
    assert (here / "done").exists()
