"""A Python to compile with: found or fetched by uv; where there is none it is said, and the build goes on."""

import hashlib
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_modelpack.builder.wheels import interpreter
from jupyter_modelpack.builder.wheels.bytecode import find_compiler
from jupyter_modelpack.builder.wheels.interpreter import find_interpreter, need_interpreter
from tests.services import another_python

pytestmark = pytest.mark.network

LEFT_OUT = {"test", "site-packages", "__pycache__", "idlelib", "ensurepip"}


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine on which nothing on PATH is a Python, and where uv keeps its own; nothing is remembered."""
    for name in ("PATH", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "pythons"))
    monkeypatch.setattr(interpreter, "_refused", set())
    interpreter._known_to_uv.cache_clear()
    yield tmp_path / "pythons"
    interpreter._known_to_uv.cache_clear()


@pytest.fixture(scope="session")
def another(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A version, and a description of its archive as uv has one of each that it can fetch."""
    folder = tmp_path_factory.mktemp("downloads")
    program = "import platform, sys; print(platform.python_version(), platform.machine(), sys.base_prefix, sep='\\n')"
    python = another_python.environment()
    version, machine, prefix = subprocess.check_output([python, "-c", program], text=True).splitlines()
    minor = version.rpartition(".")[0]
    with tarfile.open(folder / "python.tar", "w") as archive:
        for part in (f"bin/python{minor}", f"lib/python{minor}"):
            archive.add(Path(prefix) / part, f"python/{part}", filter=lambda one: None if left_out(one.name) else one)
    major, second, patch = (int(part) for part in version.split("."))
    entry = {
        "name": "cpython",
        "arch": {"family": machine, "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": major,
        "minor": second,
        "patch": patch,
        "prerelease": "",
        "url": (folder / "python.tar").as_uri(),
        "sha256": hashlib.sha256((folder / "python.tar").read_bytes()).hexdigest(),
        "variant": None,
        "build": "20260101",
    }
    (folder / "downloads.json").write_text(json.dumps({f"cpython-{version}-linux-{machine}-gnu": entry}))
    return minor, folder / "downloads.json"


def left_out(name: str) -> bool:
    return bool(LEFT_OUT & set(name.split("/"))) or name.endswith(".a")


def test_one_that_is_missing_is_fetched_once_and_found_from_then_on(another, nowhere: Path, watcher, monkeypatch):
    minor, downloads = another
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS_JSON_URL", str(downloads))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "manual")
    assert find_compiler(minor) is find_interpreter(minor) is None
    found = need_interpreter(minor, watcher.report)
    assert found is not None
    assert Path(found).is_relative_to(nowhere)
    said = subprocess.check_output(
        [found, "-I", "-S", "-c", "import sys; print(*sys.version_info[:2], sep='.')"], text=True
    )
    assert said.strip() == minor
    assert watcher.text().count("Fetching Python") == 1
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    interpreter._known_to_uv.cache_clear()
    assert find_interpreter(minor) == need_interpreter(minor, watcher.report) == found
    assert watcher.text().count("Fetching Python") == 1


@pytest.mark.parametrize(
    "env",
    [{"UV_PYTHON_DOWNLOADS": "never"}, {"UV_PYTHON_DOWNLOADS": "manual", "UV_OFFLINE": "1"}],
    ids=["forbidden", "offline"],
)
def test_one_that_cannot_be_fetched_is_asked_for_once(env, nowhere: Path, watcher, monkeypatch):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert need_interpreter("3.15", watcher.report) is None
    assert need_interpreter("3.15", watcher.report) is None
    assert watcher.text().count("Fetching Python 3.15") == 1


@pytest.mark.parametrize("word", ["3/../program", "3", "", "3.x", "-3.1", "3.1.--help"])
def test_what_is_no_version_reaches_nobody(word, watcher):
    """It may be an image's own word."""
    assert need_interpreter(word, watcher.report) is None
    assert watcher.text() == ""
