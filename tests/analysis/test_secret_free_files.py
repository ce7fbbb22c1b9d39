"""A source folder is searched for secrets once, and again where a file may be another one."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack import home
from jupyter_modelpack.analysis import file_state, secret_check
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.api.package_model import checked_recipe
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.builder.context import secret_text
from jupyter_modelpack.builder.recipe import AppSource
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.limits import SEARCHED_FOLDERS

SETTLED = file_state.SETTLED_NS
TOKEN = "gh" + "p_" + "0123456789abcdefghijklmnopqrstuvwxyz"
SAFE = "x" * len(TOKEN)
ALL = ["a.py", "b.csv", "score.py", "sub/c.txt"]

Opened = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def _settled(monkeypatch) -> None:
    monkeypatch.setattr(file_state, "SETTLED_NS", -1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    for name in ALL:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {SAFE}\n")
    (folder / "score.py").write_text("def init(): ...\ndef run(data): ...\n")
    return folder


@pytest.fixture
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Search the folder; give the files that were opened for it."""
    names: list[str] = []
    real = secret_check.open_app_file

    def counted(file):
        names.append(file.path.partition("/")[2])
        return real(file)

    monkeypatch.setattr(secret_check, "open_app_file", counted)

    def search(*allowed: str) -> list[str]:
        names.clear()
        secret_check.check(AppSource("score.py", folder, allowed=allowed))
        return sorted(names)

    search.names = names
    return search


def test_a_second_package_opens_no_file_and_after_an_edit_the_edited_one(folder, opened):
    config = InferenceConfig("score.py", source_directory=folder)

    def packaged() -> list[str]:
        opened.names.clear()
        checked_recipe(Workspace.default(), [], config)
        return sorted(opened.names)

    assert [packaged() for _ in range(3)] == [ALL, [], []]
    (folder / "b.csv").write_text("1,2\n")
    (folder / "new.py").write_text("")
    (folder / "a.py").unlink()
    assert [packaged() for _ in range(2)] == [["b.csv", "new.py"], []]


def written_with_its_old_times(path: Path) -> None:
    before = path.stat()
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # within one tick of the clock no time changes
        path.write_text(f"# {TOKEN}\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced_with_its_old_times(path: Path) -> None:
    before = path.stat()
    other = path.with_name("other")
    other.write_text(f"# {TOKEN}\n")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)


def a_link_to_another_one(path: Path) -> None:
    (path.parent / "other").write_text(f"# {TOKEN}\n")
    path.unlink()
    path.symlink_to("other")


@pytest.mark.parametrize("change", [written_with_its_old_times, replaced_with_its_old_times, a_link_to_another_one])
def test_a_secret_of_the_same_length_that_comes_later_is_found(folder, opened, change):
    assert opened() == ALL
    change(folder / "sub" / "c.txt")
    for _ in range(2):
        with pytest.raises(UsageError, match="GitHub token"):
            opened()


def test_what_ships_by_leave_is_not_remembered_as_clean(folder, opened):
    (folder / "a.py").write_text(TOKEN)
    assert opened("a.py") == ALL[1:]
    with pytest.raises(UsageError, match=r"a\.py, line 1"):
        opened()


def test_what_was_clean_before_the_secret_is_not_searched_again(folder, opened):
    assert opened() == ALL
    (folder / "score.py").write_text(TOKEN)
    with pytest.raises(UsageError):
        opened()
    (folder / "score.py").write_text("")
    assert opened() == ["score.py"]


def test_another_ending_means_another_search(folder, opened):
    opened()
    (folder / "b.csv").rename(folder / "b.py")
    assert opened() == ["b.py"]


def test_a_file_that_changed_just_now_is_searched_again(opened, monkeypatch):
    monkeypatch.setattr(file_state, "SETTLED_NS", SETTLED)
    assert [opened() for _ in range(2)] == [ALL, ALL]


def test_other_rules_mean_another_search(opened, monkeypatch):
    opened()
    for name, other in (("RULES", secret_text.RULES[1:]), ("SECRET_DATA_BYTES", 1), ("_FORMAT", 0)):
        with monkeypatch.context() as patched:
            patched.setattr(secret_text, name, other)
            secret_text.version.cache_clear()
            assert opened() == ALL, name
        secret_text.version.cache_clear()
        assert opened() == ALL, name


@pytest.mark.parametrize("damage", ["", "[", "{}", '{"rules": 1, "files": []}', "[1]"])
def test_a_damaged_note_is_no_note(opened, damage):
    opened()
    (note,) = (home.cache() / "searched").iterdir()
    note.write_text(damage)
    assert [opened() for _ in range(2)] == [ALL, []]


@pytest.mark.parametrize("files", ["1", "[1]", '{"a.py": 1, "b.csv": [[]]}'])
def test_a_note_of_another_shape_is_no_note(opened, files):
    opened()
    (note,) = (home.cache() / "searched").iterdir()
    note.write_text(f'{{"rules": "{secret_text.version()}", "files": {files}}}')
    assert [opened() for _ in range(2)] == [ALL, []]


def test_the_folders_used_longest_ago_are_forgotten(folder, opened, tmp_path):
    opened()
    notes = home.cache() / "searched"
    (first,) = notes.iterdir()
    for number in range(SEARCHED_FOLDERS + 2):
        other = tmp_path / f"other{number}"
        other.mkdir()
        (other / "a.py").write_text("")
        secret_check.check(AppSource("a.py", other))
        assert opened() == []  # used, and so among the newest
    assert len(list(notes.iterdir())) == SEARCHED_FOLDERS
    assert first.exists()
