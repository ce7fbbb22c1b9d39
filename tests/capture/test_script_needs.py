"""What a script and its models need of a Python: packages by the files they brought, not by their names."""

import re
import subprocess
from pathlib import Path

import pytest

from jupyter_modelpack.builder.recipe import AppSource, Needs, Recipe
from jupyter_modelpack.capture.distributions import Distributions
from jupyter_modelpack.capture.interpreter import _asked, interpreter
from jupyter_modelpack.capture.script_needs import _requirement, captured
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.home import workspaces
from jupyter_modelpack.store.layout import Layout
from tests.builder.small_wheels import wheel
from tests.capture.environments import environment, project

pytestmark = pytest.mark.network


def needs(script: str, env: Path, *, folder: Path | None = None, **extra: bytes) -> list[str]:
    source = AppSource("score.py", folder, script.encode(), extra={f"{name}.py": text for name, text in extra.items()})
    here = Distributions.of_another(interpreter(env))
    store = Layout.create(workspaces() / "test")
    return [one.requirement for one in captured(Recipe("package", Needs("3.11"), (), source), store, here)]


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment in which names of modules and of packages differ in the ways they do."""
    folder = tmp_path_factory.mktemp("env")
    made = [
        wheel(folder, "acme-storage", {"acme/cloud/storage/__init__.py": b"", "acme/cloud/storage/client.py": b""}),
        wheel(folder, "acme-vision", {"acme/cloud/vision/__init__.py": b""}, version="2.1"),
        wheel(folder, "opencv-python-headless", {"cv2/__init__.py": b"", "cv2/data.py": b""}, version="4.9"),
        wheel(folder, "attrs", {"attr/__init__.py": b"", "attrs/__init__.py": b""}, version="23.2"),
        wheel(folder, "Pillow", {"PIL/__init__.py": b"", "PIL/Image.py": b""}, version="10.0"),
        wheel(folder, "torch", {"torch/__init__.py": b"", "torch/nn/__init__.py": b""}, version="2.3.0+cpu"),
        wheel(folder, "one-file", {"one_file.py": b""}),
        wheel(folder, "statistics-shadow", {"statistics.py": b""}),
        wheel(folder, "utils", {"utils/__init__.py": b""}),
        wheel(folder, "underscored", {"_private/__init__.py": b""}),
    ]
    names = [path.name.split("-")[0] for path in made]
    return environment(folder / "env", ["--no-index", "--find-links", folder, *names])


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("import acme.cloud.storage.client", ["acme-storage==1.0"]),
        ("from acme.cloud import vision", ["acme-vision==2.1"]),
        ("import cv2", ["opencv-python-headless==4.9"]),
        ("from attr import define\nimport attrs", ["attrs==23.2"]),
        ("from PIL import Image", ["pillow==10.0"]),
        ("import torch.nn as nn", ["torch==2.3.0"]),
        ("import one_file", ["one-file==1.0"]),
        ("import statistics, os.path, json", []),
        ("import _private", ["underscored==1.0"]),
        ("def run(data):\n    import one_file", ["one-file==1.0"]),
        ("try:\n    import nowhere\nexcept ImportError:\n    import one_file", ["one-file==1.0"]),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import one_file", []),
        ("from azureml.core.model import Model", []),
        ("import nowhere", []),
    ],
)
def test_a_module_is_of_the_package_that_brought_its_file(env, home, script, found):
    assert needs(script, env) == found


def test_what_ships_with_the_script_counts_and_is_no_package(env, home, tmp_path):
    (tmp_path / "utils.py").write_text("import one_file")
    (tmp_path / "old.py").write_text("print 'written for Python 2'")
    (tmp_path / "score.py").write_text("")
    assert needs("import utils", env) == ["utils==1.0"]
    assert needs("import utils", env, folder=tmp_path) == ["one-file==1.0"]
    assert needs("import helpers", env, helpers=b"import PIL") == ["pillow==10.0"]


@pytest.mark.parametrize("layout", ["src", "flat"])
@pytest.mark.parametrize("backend", ["hatchling.build", "setuptools.build_meta"])
def test_an_editable_install_is_carried_from_its_folder(home, tmp_path, layout, backend):
    own = project(tmp_path / "own", "own_tools", backend=backend, layout=layout)
    env = environment(tmp_path / "env", ["-e", own])
    assert needs("from own_tools import x", env) == [str(own)]


def test_an_editable_install_whose_folder_is_gone_is_refused_by_name(home, tmp_path):
    own = project(tmp_path / "own", "own_tools", backend="hatchling.build")
    env = environment(tmp_path / "env", [own])
    own.rename(tmp_path / "moved")
    with pytest.raises(
        UsageError, match=r"own-tools 0\.3, which the package needs, was installed from the folder .*own"
    ):
        needs("import own_tools", env)


@pytest.mark.parametrize(("folder", "version"), [("wheels", "1.0"), ("my wheels", "1.0+cpu")])
def test_a_wheel_installed_from_a_file_is_that_file(home, tmp_path, folder, version):
    file = wheel(tmp_path / folder, "local", {"local/__init__.py": b""}, version=version)
    env = environment(tmp_path / "env", [file])
    assert needs("import local", env) == [str(file)]
    file.unlink()
    with pytest.raises(UsageError, match=rf"local {re.escape(version)}, .*{folder}.* not there any more") as refused:
        needs("import local", env)
    assert "--pip" in refused.value.hint


def test_no_file_of_the_current_folder_is_run_where_a_python_is_asked(env, home, tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    _asked.cache_clear()
    assert needs("import one_file", env) == ["one-file==1.0"]


def test_an_address_with_a_password_is_refused_and_not_shown(env):
    class Dist:
        name, version, project = "x", "1.0", None
        direct_url = {"url": "https://ada:s3cret@packages.example.com/x-1.0-py3-none-any.whl"}  # noqa: RUF012 - one

    with pytest.raises(UsageError, match=r"with a password") as refused:
        _requirement(Dist())
    assert "s3cret" not in str(refused.value)


def test_what_came_from_a_repository_is_refused_with_the_way_out(home, tmp_path):
    own = project(tmp_path / "own", "own_tools", backend="hatchling.build")
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=own, check=True)
    env = environment(tmp_path / "env", [f"git+file://{own}"])
    with pytest.raises(UsageError, match=r"own-tools 0\.3, which the package needs, was installed from a repository"):
        needs("import own_tools", env)


@pytest.mark.parametrize("before", [False, True], ids=["behind", "before"])
def test_of_two_packages_with_one_module_the_first_on_the_path_counts(home, tmp_path, before):
    first = wheel(tmp_path, "opencv-contrib-python", {"cv2/__init__.py": b"# contrib"}, version="4.8")
    second = wheel(tmp_path, "opencv-python", {"cv2/__init__.py": b""}, version="4.9")
    env = environment(tmp_path / "env", [first], ["--target", tmp_path / "other", second])
    [site] = env.glob("lib/python*/site-packages")
    line = f"import sys; sys.path.insert(0, {str(tmp_path / 'other')!r})" if before else str(tmp_path / "other")
    (site / "other.pth").write_text(f"{line}\n")
    assert needs("import cv2", env) == [str(second if before else first)]
