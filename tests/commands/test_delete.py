"""delete, as a shell types it: packages, models and environments in one step, services that have ended."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jupyter_modelpack import Environment, Workspace
from jupyter_modelpack.catalog import package_record
from jupyter_modelpack.catalog.package_record import PackageFacts
from jupyter_modelpack.engine.base import LocalProgram, RunSpec
from jupyter_modelpack.engine.select import choose
from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.frontends.widgets.tables_panel import TablesPanel
from jupyter_modelpack.oci.manifest import CREATED, REF_NAME
from tests.commands.packages import modelpack, printed, put_package
from tests.faults.workload import package, register


@pytest.fixture
def ws() -> Workspace:
    return Workspace.create("default")


def named(ws: Workspace) -> list[str]:
    return [one.record.name for one in ws.packages]


def test_a_package_goes_when_it_is_named_and_gc_frees_what_only_it_needed(ws):
    put_package(ws, "1")
    put_package(ws, "2", size=3_000_000)
    put_package(ws, "1", name="other")
    (ws.path / "logs").mkdir()
    (ws.path / "logs" / "1.log").write_text("of all three")
    would = modelpack("delete", "package", "--dry-run", "adder:2")
    assert (would.returncode, would.stderr) == (0, "")
    assert would.stdout == "Would delete package adder:2\ngc would then free 3.01MB.\n"
    assert named(ws) == ["other:1", "adder:2", "adder:1"]
    short = ws.packages[1].image.id.hex[:12]
    done = modelpack("delete", "package", short)
    assert done.stdout == "Deleted package adder:2\ngc frees 3.01MB.\n"
    assert named(ws) == ["other:1", "adder:1"]
    assert (ws.path / "logs" / "1.log").exists()
    freed = printed("gc")["rows"][0]
    assert 3_000_000 < freed["bytes"] < 3_010_000, freed
    assert modelpack("check").returncode == 0
    again = modelpack("delete", "package", "adder:2")
    assert again.returncode == 3
    assert "holds no package 'adder:2'" in again.stderr


def test_one_wrong_name_and_nothing_goes(ws):
    put_package(ws)
    done = modelpack("delete", "package", "adder:1", "ader:1")
    assert done.returncode == 3
    assert "Did you mean adder:1?" in done.stderr
    assert named(ws) == ["adder:1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "what: package, model, environment or service"),
        (["package"], "needs a name"),
        (["pakage", "x"], "Did you mean package?"),
        (["model", "x", "--keep-last", "2"], "a model is deleted by its name"),
        (["package", "--keep-last", "-1"], "'-1' is not a whole number"),
    ],
)
def test_what_is_not_said_is_asked_for(words, said):
    done = modelpack("delete", *words)
    assert done.returncode == 2
    assert said in done.stderr


def test_rules_choose_by_count_and_by_age(ws):
    for number in range(1, 5):
        put_package(ws, str(number))
    put_package(ws, "1", name="other")
    _age(ws, {"adder:1": 40, "adder:2": 20, "adder:3": 10, "other:1": 50})

    def would(*words: str) -> list[str]:
        return printed("delete", "package", *words, "--dry-run")["names"]

    assert would("--keep-last", "2") == ["adder:2", "adder:1"]
    assert would("--older-than", "15") == ["other:1", "adder:2", "adder:1"]
    assert would("adder", "--older-than", "15", "--keep-last", "3") == ["adder:1"]
    assert would("--older-than", "60") == []
    assert modelpack("delete", "package", "--older-than", "60").stdout == "No package to delete.\n"
    assert printed("delete", "package", "adder", "--keep-last", "1")["names"] == ["adder:3", "adder:2", "adder:1"]
    assert named(ws) == ["other:1", "adder:4"]


def _age(ws: Workspace, days: dict[str, int]) -> None:
    def aged(entry):
        made = datetime.now(UTC) - timedelta(days=days.get(entry.annotations[REF_NAME], 0))
        return replace(entry, annotations={**entry.annotations, CREATED: made.isoformat()})

    ws.store.update(lambda index: (replace(index, manifests=tuple(map(aged, index.manifests))), None))


def test_a_model_in_use_stays_and_the_message_says_what_to_type(ws):
    model = register(ws.path, "m", b"x" * 1000)
    spare = register(ws.path, "m", b"y" * 1000)
    package(ws.path, "1", model)
    done = modelpack("delete", "model", "m:2", "m:1")
    assert done.returncode == 4
    first, hint = done.stderr.splitlines()
    assert first.startswith("modelpack: The model (m:1) cannot be deleted because it is currently being used in one or")
    assert first.endswith("images: package:1.")
    assert hint == "Delete them first: delete package package:1"
    assert modelpack("delete", "model", "m:1", "--dry-run").returncode == 4
    assert ws.models["m"].id == spare.id == "m:2"  # all or nothing
    assert modelpack(*hint.partition(": ")[2].split()).returncode == 0
    assert printed("delete", "model", "m", "m:1")["names"] == ["m:2", "m:1"]
    assert ws.models == {}
    assert register(ws.path, "m", b"z").id == "m:3"


def test_an_environment_goes_by_version(ws):
    for _ in range(2):
        Environment("env").register(ws)
    assert printed("delete", "environment", "env:1")["names"] == ["env:1"]
    assert printed("delete", "environment", "env")["names"] == ["env:2"]
    assert "Did you mean" not in modelpack("delete", "environment", "env").stderr
    assert ws.environments == {}


def test_the_image_that_a_dockerfile_builds_on_goes_with_the_last_of_them(ws):
    put_package(ws)
    [made] = ws.packages
    ws.store.tag("azureml/environment:abc", made.record.descriptor)
    for label in ("a", "b"):
        facts = PackageFacts((), dockerfile=True, environment="azureml/environment:abc")
        package_record.write(ws.store, "recipe", label, made.record.descriptor, facts)
    ws.packages[0].delete()
    assert "azureml/environment:abc" in ws.store.names()
    ws.packages[0].delete()
    assert list(ws.store.names()) == ["adder:1"]


def test_only_a_service_that_has_ended_goes(tmp_path):
    engine = choose("process")
    program = LocalProgram(["sleep", "60"], tmp_path, {})
    service = engine.run(RunSpec("x:1", "to-delete", 0, program=program), Reporter())
    try:
        running = modelpack("delete", "service", "to-delete")
        assert (running.returncode, "End it first: kill to-delete." in running.stderr) == (4, True), running.stderr
    finally:
        engine.kill(service)
    assert modelpack("delete", "service", "to-delete", "--dry-run").stdout == "Would delete service to-delete\n"
    panel = TablesPanel(["services"], {"engine": "process"})
    [row] = panel.actions()["page"]({"tab": "services"})["rows"]
    assert row["actions"] == ("open", "delete", "copy")
    assert panel.actions()["delete"]({"tab": "services", "name": row["name"]}) == "Deleted service to-delete"
    assert json.loads(modelpack("services", "--json").stdout)["rows"] == []


def test_the_buttons_of_models_and_packages(ws):
    package(ws.path, "1", register(ws.path, "m", b"x" * 1000))
    panel = TablesPanel(["models", "packages"])
    [model] = panel.actions()["page"]({"tab": "models"})["rows"]
    [made] = panel.actions()["page"]({"tab": "packages"})["rows"]
    assert (model["actions"], made["actions"]) == (("delete", "copy"), ("run", "delete", "copy"))
    with pytest.raises(ModelpackError, match="cannot be deleted because"):
        panel.actions()["delete"]({"tab": "models", "name": model["name"]})
    assert panel.actions()["delete"]({"tab": "packages", "name": made["name"]}).startswith("Deleted package package:1")
    assert panel.actions()["delete"]({"tab": "models", "name": model["name"]}).startswith("Deleted model m:1")
    assert ws.store.names() == {}
