"""Every file and folder that is written to the user's data folder stands in the manual, and no other."""

import re
from pathlib import Path

from jupyter_modelpack import Environment, Model, Workspace
from tests.docs.tables import code, rows
from tests.services import CHECKOUT

PATHS = [code(row["path"]) for row in rows("on-disk", "path")]
SOURCES = "\n".join(
    path.read_text() for path in (CHECKOUT / "jupyter_modelpack").rglob("*.py") if "scoring" not in path.parts
)


def heads(prefix: str) -> set[str]:
    """Return the documented folders right below a folder."""
    return {path.removeprefix(prefix).partition("/")[0] for path in PATHS if path.startswith(prefix)}


def test_every_folder_of_the_data_folder_is_in_the_manual():
    known = set(re.findall(r'\bhome\(\) / "(\w+)"', SOURCES))
    listed = {code(row["path"]).partition("/")[0] for row in rows("on-disk", "path") if "without it" in row}
    assert listed == known


def test_every_folder_of_the_cache_is_in_the_manual():
    known = set(re.findall(r'(?:\bcache\.path|\bcache\(\)|\bfolder\.parent) / "(\w+)"', SOURCES))
    assert heads("cache/") == known


def test_what_a_workspace_writes_is_in_the_manual(home: Path, tmp_path: Path):
    (tmp_path / "model.txt").write_text("1")
    workspace = Workspace.create("tutorial")
    Model.register(workspace, str(tmp_path / "model.txt"), "diabetes")
    Environment("diabetes-env").register(workspace)
    assert workspace.endpoint().port
    patterns = [re.compile(re.sub(r"<\w+>", r"[\\w.-]+", re.escape(path))) for path in PATHS]
    folder = home / "workspaces" / "tutorial"
    written = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert {"index.json", "modelpack.json", "registry.json", "oci-layout"} <= set(written)
    assert [name for name in written if not any(pattern.fullmatch(name) for pattern in patterns)] == []


def test_the_names_in_an_index_are_those_that_a_workspace_gives(home: Path, tmp_path: Path):
    (tmp_path / "model.txt").write_text("1")
    workspace = Workspace.create("tutorial")
    Model.register(workspace, str(tmp_path / "model.txt"), "diabetes")
    Environment("diabetes-env").register(workspace)
    named = {code(row["name"]) for row in rows("on-disk", "name")}
    index = (home / "workspaces" / "tutorial" / "index.json").read_text()
    given = set(re.findall(r'"((?:models|environments)/[^"]+:\d+)"', index))
    assert given == {name for name in named if name.startswith(("models/", "environments/"))}
