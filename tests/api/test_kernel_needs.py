"""What an image needs of the Python that made its models, as the Python API gives it."""

import numpy as np
import pytest

from jupyter_modelpack import Environment, InferenceConfig, Model, Workspace
from jupyter_modelpack.api.package_model import checked_recipe
from jupyter_modelpack.catalog.resolve_options import ResolveOptions
from jupyter_modelpack.errors import UsageError

SCRIPT = "def init(): ...\ndef run(data):\n    import numpy\n    return data\n"
PINNED = f"numpy=={np.__version__}"


@pytest.fixture
def ws(home, tmp_path, monkeypatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "score.py").write_text(SCRIPT)
    (tmp_path / "model.bin").write_bytes(b"weights")
    return Workspace.create("kernel")


def needs(ws: Workspace, environment: Environment | None, **choices: object):
    model = Model.register(ws, "model.bin", "weights")
    config = InferenceConfig(entry_script="score.py", environment=environment)
    return checked_recipe(ws, [model], config, choices=ResolveOptions(**choices)).needs


def of_pip(*lines: str) -> Environment:
    environment = Environment("given")
    for line in lines:
        environment.python.conda_dependencies.add_pip_package(line)
    return environment


@pytest.mark.parametrize("environment", [None, Environment.from_kernel("captured")], ids=["none", "from_kernel"])
def test_without_packages_of_its_own_it_gets_those_of_this_python(ws, environment):
    found = needs(ws, environment)
    assert found.requirements == (PINNED,)
    assert found.captured == ((PINNED, "score.py, line 3"),)
    assert PINNED in found.kernel.preferred


def test_an_environment_from_the_kernel_stays_one_when_it_is_kept(ws):
    Environment.from_kernel("captured").register(ws)
    for environment in (Environment.get(ws, "captured"), Environment.from_kernel("captured").clone("other")):
        assert needs(ws, environment).requirements == (PINNED,)


def test_an_environment_that_names_packages_has_no_others(ws):
    assert needs(ws, of_pip("joblib")).requirements == ("joblib",)
    assert needs(ws, Environment("empty")).requirements == ()


def test_a_lock_says_all(ws):
    assert needs(ws, None, lock="lock-version = '1.0'").requirements == ()


@pytest.mark.parametrize(
    ("lines", "preferred"),
    [
        (["numpy"], True),
        (["numpy>=1.20"], True),
        (["numpy==1.20.0"], False),
        (["numpy==1.20.0", "scikit-learn"], False),
        (["scikit-learn"], True),
        (["nosuch-package"], True),
        (["joblib"], False),
        (["numpy ; python_version < '3'", "joblib"], False),
    ],
)
def test_the_version_of_this_python_is_preferred_where_it_may_be(ws, lines, preferred):
    assert (PINNED in needs(ws, of_pip(*lines)).kernel.preferred) == preferred


def test_another_minor_version_of_python_is_none_of_this_kernel(ws):
    environment = of_pip("numpy")
    environment.python.conda_dependencies.set_python_version("3.9")
    assert needs(ws, environment).kernel.preferred == ()


def test_packages_are_not_captured_for_another_minor_version(ws):
    environment = Environment.from_kernel("captured")
    environment.python.conda_dependencies.set_python_version("3.9")
    with pytest.raises(
        UsageError, match=r"is to have Python 3\.9, and the packages that it needs would be captured from"
    ):
        needs(ws, environment)
