"""What is in another workspace is named with that workspace, and with what to type."""

import re
import shutil
from pathlib import Path

import pytest

from jupyter_modelpack import Environment, InferenceConfig, Model, ModelPackage, NotFound, PathNotFound, Workspace
from jupyter_modelpack.catalog import other_workspaces
from jupyter_modelpack.commands import lookup
from tests.commands.packages import modelpack, put_package
from tests.workspace_fixtures import register

SCRIPT = "def init(): ...\ndef run(data): return data\n"


@pytest.fixture
def other(pickle_file) -> Workspace:
    """A workspace with two versions of a model, an environment and a package, beside one that holds nothing."""
    other = Workspace.create("other")
    register(other, pickle_file)
    register(other, pickle_file)
    Environment("tools").register(other)
    put_package(other)
    return other


def finds(call: str, ws: Workspace) -> tuple[Exception, object]:
    """Return the error of an expression in `ws`, and what the expression that the error proposes makes."""
    names = {"Model": Model, "Environment": Environment, "ModelPackage": ModelPackage, "Workspace": Workspace, "ws": ws}
    with pytest.raises(NotFound) as caught:
        eval(call, names)
    proposed = re.match(r"It is in workspace other: (.+?)\. There are: ", caught.value.hint)
    assert proposed, caught.value.hint
    return caught.value, eval(proposed[1], names)


@pytest.mark.parametrize(
    ("call", "version"),
    [
        ('Model(ws, "diabetes")', 2),
        ('Model(ws, name="diabetes", version=1)', 1),
        ('Model(ws, "diabetes", version="1")', 1),
        ('Model(ws, id="diabetes:1")', 1),
        ('Model(ws, "diabetes", tags=["none"])', 2),
    ],
)
def test_a_model(ws, other, call, version):
    _error, found = finds(call, ws)
    assert (found.workspace, found.id) == (other, f"diabetes:{version}")


@pytest.mark.parametrize("version", [None, 1, "1"])
def test_an_environment(ws, other, version):
    _error, found = finds(f"Environment.get(ws, 'tools', {version!r})", ws)
    assert (found.name, found.version) == ("tools", "1")


@pytest.mark.parametrize("reference", ["adder", "adder:1", "1"])
def test_a_package(ws, other, reference):
    _error, found = finds(f"ModelPackage.get(ws, {reference!r})", ws)
    assert found.workspace == other


def test_a_model_to_package(ws, other):
    config = InferenceConfig.from_source(SCRIPT)
    for named in ("diabetes", "diabetes:1"):
        with pytest.raises(PathNotFound) as caught:
            Model.package(ws, [named], config)
        assert f"It is in workspace other: Model(Workspace.get('other'), {named!r}" in caught.value.hint.replace(
            "id=", ""
        )


def test_a_model_for_a_script(ws, other, here):
    with pytest.raises(NotFound) as caught:
        Model.get_model_path("diabetes", _workspace=ws)
    assert caught.value.hint.startswith("It is in workspace other: Model(Workspace.get('other'), 'diabetes'). ")


@pytest.mark.usefixtures("other")
def test_what_no_workspace_holds_names_none(ws):
    for call in (
        lambda: Model(ws, "house"),
        lambda: Model(ws, "diabetes", version=3),
        lambda: Environment.get(ws, "house"),
        lambda: ModelPackage.get(ws, "house"),
    ):
        with pytest.raises(NotFound) as caught:
            call()
        assert caught.value.hint.startswith("There are: ")


def test_what_this_workspace_holds_names_no_other(ws, other, pickle_file):
    register(ws, pickle_file)
    with pytest.raises(NotFound) as caught:
        Model(ws, "diabetes", tags=["none"])
    assert caught.value.hint == "There are: diabetes."


def test_a_damaged_workspace_is_passed_over(ws, other):
    Workspace.create("damaged").store.index()
    Path(Workspace.get("damaged").path, "modelpack.json").write_text("[")
    _error, found = finds('Model(ws, "diabetes")', ws)
    assert found.workspace == other


def test_a_folder_that_no_workspace_may_be_called_is_passed_over(ws, other):
    shutil.copytree(other.path, other.path.with_name("b copy"))
    _error, found = finds('Model(ws, "diabetes")', ws)
    assert found.workspace == other
    assert list(Workspace.list()) == ["other", "tutorial"]


def test_a_look_up_searches_other_workspaces_once_and_leaves_them_as_they_are(ws, other, monkeypatch):
    left = other.path / ".tmp-0123456789abcdef"  # of a writer that died: only who works in it may sweep it
    left.write_bytes(b"")
    asked, search = [], other_workspaces.holding
    monkeypatch.setattr(other_workspaces, "holding", lambda *what: asked.append(what) or search(*what))
    for look_up, named in ((lookup.model, "diabetes:1"), (lookup.environment, "tools")):
        with pytest.raises(NotFound) as caught:
            look_up(ws, named)
        assert caught.value.hint.startswith("It is in workspace other: add --workspace other. ")
    assert len(asked) == 2
    assert left.exists()


@pytest.mark.usefixtures("other", "ws")
def test_the_command_line_says_its_own_words(here):
    Path("score.py").write_text(SCRIPT)
    for words in (["verify", "adder"], ["package", "score.py", "--env", "tools"], ["models", "diabetes"]):
        done = modelpack(*words, "--workspace", "tutorial")
        assert "It is in workspace other: add --workspace other. " in done.stderr, words
        assert "Workspace.get" not in done.stderr
