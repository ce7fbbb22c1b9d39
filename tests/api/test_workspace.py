import json
import stat
from pathlib import Path

import pytest

from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.errors import Conflict, NotFound, UsageError
from jupyter_modelpack.exceptions import WebserviceException, WorkspaceException
from jupyter_modelpack.store.layout import Layout


def test_a_workspace_is_a_folder_that_is_a_layout(home: Path):
    ws = Workspace.create("tutorial", tags={"team": "a"})
    assert ws.path == home / "workspaces" / "tutorial"
    assert (ws.path / "oci-layout").exists()
    assert Workspace.get("tutorial").tags == {"team": "a"}
    assert isinstance(ws.store, Layout)
    assert repr(ws) == "Workspace.create(name='tutorial')"
    assert stat.S_IMODE((ws.path / "modelpack.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(ws.path.stat().st_mode) == 0o700


def test_create_takes_what_old_notebooks_pass(home: Path):
    ws = Workspace.create(
        name="old",
        subscription_id="0000",
        resource_group="rg",
        create_resource_group=True,
        location="eastus2",
        exist_ok=True,
        show_output=False,
    )
    assert [ws.name, ws.resource_group, ws.location, ws.subscription_id] == ["old", None, None, None]
    with pytest.raises(TypeError, match="lokation"):
        Workspace.create("other", lokation="eastus2")


def test_create_refuses_one_that_exists_unless_told(ws: Workspace):
    with pytest.raises(WorkspaceException, match="already exists"):
        Workspace.create("tutorial")
    assert Workspace.create("tutorial", exist_ok=True).created == ws.created


def test_create_refuses_a_folder_of_other_things(tmp_path: Path):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter1.tex").write_text("...")
    with pytest.raises(Conflict, match="folder of its own"):
        Workspace.create("thesis", path=folder)
    assert [entry.name for entry in folder.iterdir()] == ["chapter1.tex"]


@pytest.mark.parametrize("left", [".tmp-0123456789abcdef", "index.lock", "index.lock.held"])
def test_create_goes_on_where_another_is_at_it_or_died(tmp_path: Path, left: str):
    folder = tmp_path / "ws"
    folder.mkdir()
    (folder / left).write_bytes(b"")
    assert Workspace.create("ws", path=folder).store.index().manifests == ()


@pytest.mark.parametrize("name", ["", "..", "a/b", "-rf", "a b", "a\n", "ü", 3])
def test_names_that_are_no_names(name):
    with pytest.raises(UsageError, match="not usable"):
        Workspace.create(name)


def test_get_names_what_there_is(ws: Workspace):
    with pytest.raises(NotFound) as caught:
        Workspace.get("tutoral")
    assert "There are: tutorial." in caught.value.hint


def test_list_is_a_dict_of_lists(ws: Workspace):
    assert Workspace.list() == {"tutorial": [ws]}


def test_list_leaves_out_one_that_cannot_be_opened(ws: Workspace, caplog: pytest.LogCaptureFixture):
    other = Workspace.create("other")
    (other.path / "modelpack.json").write_text('{"registry": {"address": "http://x y"}}')
    assert Workspace.list() == {"tutorial": [ws]}
    assert f"{other.path}/modelpack.json names a registry that cannot be" in caplog.text


@pytest.mark.parametrize("mark", ["{}", '{"created": 7, "tags": [1]}'])
def test_a_description_that_says_little_breaks_nothing(ws: Workspace, mark: str):
    (ws.path / "modelpack.json").write_text(mark)
    assert Workspace.list() == {"tutorial": [ws]}
    assert (Workspace.get("tutorial").name, Workspace.get("tutorial").tags) == ("tutorial", {})


def test_a_description_that_is_none_is_left_out_of_the_list(ws: Workspace):
    other = Workspace.create("other")
    (other.path / "modelpack.json").write_text("[" * 100_000)
    assert Workspace.list() == {"tutorial": [ws]}


def test_a_deeply_nested_config_is_not_ours(here: Path):
    (here / "config.json").write_text("[" * 100_000)
    assert Workspace.default().name == "default"


def test_config_is_found_from_below(ws: Workspace, here: Path, monkeypatch: pytest.MonkeyPatch):
    ws.write_config()
    assert json.loads((here / ".azureml" / "config.json").read_text())["workspace_name"] == "tutorial"
    below = here / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert Workspace.from_config() == ws
    assert Workspace.from_config(path=str(here / ".azureml" / "config.json")) == ws


def test_config_of_a_workspace_elsewhere(tmp_path: Path, here: Path):
    ws = Workspace.create("far", path=tmp_path / "far away")
    ws.write_config(file_name="mine.json")
    assert Workspace.from_config(here / ".azureml" / "mine.json").path == tmp_path / "far away"
    assert "far away" in repr(ws)


def test_config_missing_as_azure_words_it(here: Path):
    with pytest.raises(WebserviceException, match=r"config\.json, could not be found in"):
        Workspace.from_config()


def test_config_of_another_user_is_passed_over(here: Path):
    (here / "config.json").write_text('{"hidden_size": 768}')
    assert Workspace.default().name == "default"


def test_default_asks_the_environment_first(ws: Workspace, here: Path, tmp_path, monkeypatch: pytest.MonkeyPatch):
    ws.write_config()
    assert Workspace.default() == ws
    monkeypatch.setenv("MODELPACK_WORKSPACE", "named")
    assert Workspace.default().name == "named"
    monkeypatch.setenv("MODELPACK_WORKSPACE", str(tmp_path / "by-path"))
    assert Workspace.default().path == tmp_path / "by-path"


def test_what_only_the_cloud_has_says_so(ws: Workspace):
    with pytest.raises(UsageError, match="compute_targets is a service of the Azure cloud"):
        _ = ws.compute_targets
    with pytest.raises(AttributeError):
        _ = ws.nonsense
    assert ws.location is None


def test_delete_takes_only_what_is_ours(ws: Workspace, tmp_path: Path):
    note = ws.path / "note.txt"
    note.write_text("mine")
    ws.delete(delete_dependent_resources=True, no_wait=True)
    assert [entry.name for entry in ws.path.iterdir()] == ["note.txt"]
    with pytest.raises(NotFound):
        Workspace.get("tutorial")
    other = Workspace.create("other")
    other.delete()
    assert not other.path.exists()


def test_details(ws: Workspace):
    assert ws.get_details()["name"] == "tutorial"
    assert ws.models == {}
