"""Building with the network cut: from a wheelhouse, or from what was fetched before."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_modelpack.api.workspace import Workspace
from tests.commands.packages import PROGRAM

pytestmark = pytest.mark.network

NEEDED = ("httptools", "orjson", "tqdm==4.67.1")


def cut_off(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the program where there is no network at all, not even loopback."""
    environment = {**os.environ, "MODELPACK_ENGINE": "process", **env}
    argv = ["unshare", "--net", "--", str(PROGRAM), *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheelhouse")
    python = Path(sys.base_prefix) / "bin" / "python3"
    argv = [python, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--only-binary=:all:"]
    subprocess.run([*argv, "--dest", folder, *NEEDED], check=True)
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, base_image: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MODELPACK_BASE_IMAGE", str(base_image))
    (folder / "score.py").write_text("def init(): ...\ndef run(data):\n    return data\n")
    return folder


@pytest.mark.parametrize("how", ["options", "variables"])
def test_a_wheelhouse_is_enough(how, here: Path, wheelhouse: Path, tmp_path: Path):
    options = f"--no-index\n--find-links {wheelhouse}\n" if how == "options" else ""
    (here / "requirements.txt").write_text(f"{options}tqdm\n")
    empty = {"UV_CACHE_DIR": str(tmp_path / "uv")}
    if how == "variables":
        empty |= {"UV_OFFLINE": "1", "UV_FIND_LINKS": str(wheelhouse)}
    done = cut_off("package", "score.py", "-r", "requirements.txt", **empty)
    assert done.returncode == 0, done.stderr
    [package] = Workspace.default().packages
    assert re.findall(r'^name = "(.+)"$', package.lock, re.MULTILINE)[:3] == ["httptools", "orjson", "tqdm"]
    assert str(wheelhouse) not in package.lock
    assert str(wheelhouse) not in str(package.image.config())


def test_without_one_it_is_said_what_is_missing(here: Path, tmp_path: Path):
    (here / "requirements.txt").write_text("tqdm\n")
    quick = {"UV_CACHE_DIR": str(tmp_path / "uv"), "UV_HTTP_RETRIES": "0"}
    done = cut_off("package", "score.py", "-r", "requirements.txt", **quick)
    assert done.returncode == 6
    assert "The package index cannot be reached" in done.stderr


def test_what_was_fetched_before_is_enough(here: Path, tmp_path: Path):
    words = ("package", "score.py", "--pip", "tqdm==4.67.1")
    first = subprocess.run(
        [PROGRAM, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MODELPACK_ENGINE": "process"},
    )
    assert first.returncode == 0, first.stderr
    # Another workspace and an edited script; uv's own cache is not needed either.
    (here / "score.py").write_text("def init(): ...\ndef run(data):\n    return [data]\n")
    done = cut_off(*words, MODELPACK_WORKSPACE="another", UV_CACHE_DIR=str(tmp_path / "uv"))
    assert done.returncode == 0, done.stderr
    assert Workspace.get("another").packages[0].layers != Workspace.default().packages[0].layers
