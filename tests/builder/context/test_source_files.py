import os
from pathlib import Path

import pytest

from jupyter_modelpack.builder.context import source_files
from jupyter_modelpack.builder.context.source_files import survey
from jupyter_modelpack.errors import PathNotFound, UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    return tmp_path / "src"


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def listed(folder: Path) -> list[str]:
    return [path for path, _ in survey(folder).files]


def test_sorted_by_relative_path(folder):
    fill(folder, "b/z.py", "b.py", "a/ü.txt", "score.py")
    assert list(survey(folder).files) == [(path, folder / path) for path in ("a/ü.txt", "b.py", "b/z.py", "score.py")]


def test_three_ignore_files_are_one_list(folder):
    fill(folder, "a.log", "b.tmp", "sub/b.tmp", "c.bin", "keep.bin", "data/x", "score.py")
    (folder / ".gitignore").write_text("*.log\n*.bin\n/data/\n")
    (folder / ".dockerignore").write_text("# only at the root\nb.tmp\n")
    (folder / ".amlignore").write_text("!keep.bin\n!data/\n.*ignore\n")
    assert listed(folder) == ["data/x", "keep.bin", "score.py", "sub/b.tmp"]


def test_secrets_ship_under_no_circumstances(folder):
    secrets = [".git/config", ".env", ".env.prod", ".ssh/id_rsa", "certs/server.key", "a.pem", ".netrc", "sub/.aws/x"]
    fill(folder, *secrets, ".env.example", "score.py", "__pycache__/score.cpython-311.pyc")
    (folder / ".amlignore").write_text("".join(f"!{name}\n" for name in secrets))
    assert listed(folder) == [".amlignore", ".env.example", "score.py"]


def test_links_are_followed_inside_and_refused_outside(folder, tmp_path):
    fill(folder, "lib/a.py")
    (folder / "alias").symlink_to("lib")
    (folder / ".venv").symlink_to("/usr")
    assert listed(folder) == ["alias/a.py", "lib/a.py"]
    fill(tmp_path, "src-secret/key.txt")
    (folder / "lib" / "x").symlink_to(tmp_path / "src-secret" / "key.txt")
    with pytest.raises(UsageError, match=r"x leads out of .*src, to .*src-secret/key\.txt"):
        listed(folder)
    (folder / "lib" / "x").unlink()
    (folder / "lib" / "x").symlink_to("gone")
    with pytest.raises(PathNotFound, match="which does not exist"):
        listed(folder)


def test_an_ignore_file_that_is_a_link_out(folder, tmp_path):
    fill(tmp_path, "elsewhere")
    (folder / ".gitignore").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="leads out of"):
        listed(folder)


def test_pipes_and_loops(folder):
    os.mkfifo(folder / "pipe")
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        listed(folder)
    (folder / "pipe").unlink()
    (folder / "loop").symlink_to(".")
    with pytest.raises(UsageError, match="link to a folder that holds it"):
        listed(folder)


def test_the_wrong_folder_is_suspected(folder, monkeypatch):
    fill(folder, "1", "2", "3")
    monkeypatch.setattr(source_files, "SOURCE_FILES", 2)
    with pytest.raises(UsageError, match="holds more than 2 files"):
        listed(folder)
    monkeypatch.setattr(source_files, "SOURCE_FILES", 3)
    assert len(listed(folder)) == 3
    monkeypatch.setattr(source_files, "SOURCE_BYTES", 2)
    with pytest.raises(UsageError, match="holds more than 0 GB"):
        listed(folder)


def test_a_secret_does_not_ship_under_another_name(tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("secret")
    (tmp_path / ".env").write_text("secret")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "settings.txt").symlink_to("../.env")
    (tmp_path / "cloud").symlink_to(".aws")
    (tmp_path / "score.py").write_text("")
    (tmp_path / "alias.py").symlink_to("score.py")
    assert [path for path, _ in survey(tmp_path).files] == ["alias.py", "score.py"]
