import json
import logging
import os
import stat
from pathlib import Path

import pytest

from jupyter_modelpack.api.conda import KERNEL_PYTHON, CondaDependencies
from jupyter_modelpack.api.container_registry import ContainerRegistry
from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.api.environment_spec import needs_of, python_minor
from jupyter_modelpack.errors import NotFound, PathNotFound, UsageError

CONDA = """\
name: project
dependencies:
  - python=3.10.18
  - pip=23
  - numpy=1.26
  - conda-forge::lightgbm
  - pip:
      - scikit-learn~=1.5
      - azureml-defaults>=1.0.45
channels: [conda-forge]
"""


@pytest.fixture
def requirements(here: Path) -> Path:
    (here / "more").mkdir()
    (here / "more" / "base.txt").write_text("joblib\n-c limits.txt\n")
    (here / "more" / "limits.txt").write_text("numpy<3\n")
    (here / "local.whl").write_bytes(b"")
    path = here / "requirements.txt"
    path.write_text(
        "# what the model needs\n\nscikit-learn==1.5.2  # pinned\n-r more/base.txt\n./local.whl\n"
        "--extra-index-url https://user:geheim@example.com/simple\nAzureML_Defaults\n"
        "azureml-core[x]==1.61 ; python_version>'3'\n"
    )
    return path


def test_pip_requirements_are_kept_verbatim(requirements):
    environment = Environment.from_pip_requirements("diabetes-env", "requirements.txt", pip_version="24.0")
    conda = environment.python.conda_dependencies
    assert conda.as_dict()["dependencies"][-1]["pip"] == requirements.read_text().splitlines()
    assert list(conda.conda_packages) == [f"python={KERNEL_PYTHON}", "pip=24.0"]
    assert str(environment) == "Environment(Name: diabetes-env,\nVersion: None)"
    with pytest.raises(FileNotFoundError):
        Environment.from_pip_requirements("x", "missing.txt")


def test_needs_stand_alone(requirements, here, monkeypatch, caplog):
    environment = Environment.from_pip_requirements("diabetes-env", requirements)
    monkeypatch.chdir("/")
    with caplog.at_level(logging.INFO):
        needs = needs_of(environment)
    assert needs.requirements == (
        "scikit-learn==1.5.2",
        "joblib",
        f"-c {here}/more/limits.txt",
        f"{here}/local.whl",
        "--extra-index-url https://user:geheim@example.com/simple",
    )
    assert (needs.python, needs.conda, needs.needs_engine) == (KERNEL_PYTHON, (), "")
    assert "AzureML_Defaults is left out" in caplog.text


def test_requirements_that_include_themselves_or_nothing(here):
    (here / "a.txt").write_text("-r b.txt\n")
    (here / "b.txt").write_text("--requirement=a.txt\n")
    with pytest.raises(UsageError, match="includes itself"):
        needs_of(Environment.from_pip_requirements("x", "a.txt"))
    (here / "b.txt").write_text("-r c.txt\n")
    with pytest.raises(PathNotFound, match=r"'-r c\.txt' names .*c\.txt, which does not exist"):
        needs_of(Environment.from_pip_requirements("x", "a.txt"))


def test_requirements_in_another_encoding(here):
    (here / "wide.txt").write_text("numpy\n", "utf-16")
    with pytest.raises(UsageError, match=r"requirements file wide\.txt is in UTF-16, not in UTF-8"):
        Environment.from_pip_requirements("x", "wide.txt")
    (here / "a.txt").write_text("-r latin.txt\n")
    (here / "latin.txt").write_bytes(b"# \xe9\nnumpy\n")
    with pytest.raises(UsageError, match=r"latin\.txt is no UTF-8 text"):
        needs_of(Environment.from_pip_requirements("x", "a.txt"))
    with pytest.raises(UsageError, match="not a regular file"):
        Environment.from_pip_requirements("x", here)


@pytest.mark.parametrize("text", ["[1]", "7", "{", "[" * 100_000, '{"python": [1]}', '{"environmentVariables": "x"}'])
def test_a_folder_that_holds_no_environment(here, text):
    (here / "azureml_environment.json").write_text(text)
    with pytest.raises(UsageError, match=r"azureml_environment\.json is no"):
        Environment.load_from_directory(here)


@pytest.mark.parametrize("folder", ["/dev/null", "/dev/null/x", "/proc/modelpack"])
def test_an_environment_where_no_folder_can_be(folder):
    with pytest.raises((UsageError, PathNotFound), match=folder):
        Environment("x").save_to_directory(folder, overwrite=True)


def test_a_password_in_a_url_is_neither_shown_nor_kept(ws, requirements):
    environment = Environment.from_pip_requirements("x", requirements)
    assert "geheim" not in repr(environment)
    with pytest.raises(UsageError, match="password in a URL"):
        environment.register(ws)


def test_conda_specification(here):
    (here / "conda.yml").write_text(CONDA)
    needs = needs_of(Environment.from_conda_specification("c", "conda.yml"))
    assert needs.python == "3.10"
    assert needs.requirements == ("scikit-learn~=1.5",)
    assert needs.conda == ("numpy=1.26", "conda-forge::lightgbm")
    assert needs.channels == ("conda-forge",)
    assert "conda packages" in needs.needs_engine


def test_conda_specification_without_python(here, caplog):
    (here / "conda.yml").write_text("dependencies: [pip]\n")
    environment = Environment.from_conda_specification("c", "conda.yml")
    assert f'No Python version provided, defaulting to "{KERNEL_PYTHON}"' in caplog.text
    assert list(environment.python.conda_dependencies.conda_packages) == [f"python={KERNEL_PYTHON}", "pip"]


@pytest.mark.parametrize(
    "text",
    [
        "- a",
        "[",
        "dependencies: x",
        "dependencies: [{pip: x}]",
        "dependencies: [1]",
        "3",
        "channels: 7",
        "channels: [7]",
        "[" * 5000,
    ],
)
def test_conda_files_that_are_none(here, text):
    (here / "conda.yml").write_text(text)
    with pytest.raises(UsageError, match="not a valid YAML structure"):
        Environment.from_conda_specification("c", "conda.yml")
    with pytest.raises(FileNotFoundError):
        Environment.from_conda_specification("c", "missing.yml")


@pytest.mark.parametrize(
    ("spec", "minor"),
    [
        (None, KERNEL_PYTHON),
        ("=3.10.18", "3.10"),
        ("==3.9.*", "3.9"),
        ("=3.12=h123_0", "3.12"),
        (">=3.8", KERNEL_PYTHON),
        (">=3.8,<3.10", "3.9"),
        ("~=3.12.1", "3.12"),
    ],
)
def test_python_of_the_image(spec, minor):
    assert python_minor(spec) == minor


@pytest.mark.parametrize("spec", ["three", ">4"])
def test_python_that_does_not_exist(spec):
    with pytest.raises(UsageError, match=r"Write python=3\.11"):
        python_minor(spec)


def test_conda_dependencies_from_lists(tmp_path):
    conda = CondaDependencies.create(
        pip_indexurl="https://example.com/simple",
        pip_packages=["a==1", "b"],
        conda_packages=["scipy"],
        python_version="3.12",
    )
    conda.add_pip_package("A==2")
    conda.add_conda_package("scipy=1.1")
    conda.add_channel("mine")
    conda.remove_channel("anaconda")
    assert list(conda.conda_packages) == ["python=3.12", "scipy=1.1"]
    assert list(conda.pip_packages) == ["b", "A==2"]
    assert list(conda.pip_options) == ["--index-url https://example.com/simple"]
    assert list(conda.conda_channels) == ["conda-forge", "mine"]
    again = CondaDependencies(conda.save(tmp_path / "c.yml"))
    assert again.as_dict() == conda.as_dict()
    conda.remove_pip_package("b")
    conda.remove_conda_package("scipy")
    conda.set_pip_requirements([])
    assert conda.serialize_to_string().splitlines()[0] == "name: project_environment"
    assert conda.as_dict()["dependencies"] == ["python=3.12"]


def test_defaults_ship_nothing_unasked():
    needs = needs_of(Environment("x"))
    assert (needs.requirements, dict(needs.variables), needs.base) == ((), {}, None)
    assert needs_of(None) == needs


def test_misspelt_settings_do_not_pass():
    environment = Environment("x")
    with pytest.raises(AttributeError, match="has no attribute dokcer; did you mean docker"):
        environment.dokcer = 1
    with pytest.raises(AttributeError, match="has no attribute base_imag"):
        environment.docker.base_imag = "x"
    with pytest.raises(AttributeError, match="has no attribute conda_dependency"):
        environment.python.conda_dependency = "x"
    with pytest.raises(AttributeError, match="no attribute pyhton"):
        _ = environment.pyhton
    environment.docker.enabled = True  # as old notebooks do
    environment.inferencing_stack_version = "latest"
    with pytest.raises(TypeError, match="Environment name expected str, <class 'int'> found"):
        Environment(3)


def test_base_image_and_dockerfile_exclude_each_other(here, caplog):
    environment = Environment("x")
    environment.docker.base_image = "python:3.11-slim"
    (here / "Base").write_text("FROM debian\n")
    environment.docker.base_dockerfile = "Base"
    assert (environment.docker.base_image, environment.docker.base_dockerfile) == (None, "FROM debian\n")
    environment.docker.base_dockerfile = "FROM x"
    assert needs_of(environment).needs_engine == "a base Dockerfile"
    with (here / "Base").open() as file:
        environment.docker.base_dockerfile = file
    environment.docker.base_image = "a"
    assert environment.docker.base_dockerfile is None
    assert len(caplog.records) == 2


def test_upon_an_image(here):
    registry = ContainerRegistry()
    registry.address, registry.username, registry.password = "example.com:5000", "me", "geheim"
    environment = Environment.from_docker_image("x", "team/base:1", registry)
    assert environment.python.user_managed_dependencies
    assert needs_of(environment).base == "example.com:5000/team/base:1"
    assert "geheim" not in repr(environment) + repr(registry) + json.dumps(environment.docker.serialize())
    assert environment.clone("y").docker.base_image_registry.password == "geheim"
    (here / "r.txt").write_text("numpy\n")
    assert needs_of(Environment.from_docker_image("x", "a", pip_requirements="r.txt")).requirements == ("numpy",)
    with pytest.raises(UsageError, match="Only one of"):
        Environment.from_dockerfile("x", "FROM a", conda_specification="c", pip_requirements="r.txt")


def test_variables_reach_the_image():
    environment = Environment("x")
    environment.environment_variables["A"] = 1
    assert needs_of(environment).variables == {"A": "1"}
    environment.environment_variables = {"A=B": "1"}
    with pytest.raises(UsageError, match="cannot be the name"):
        needs_of(environment)


def test_register_get_list(ws, requirements):
    requirements.write_text("numpy\n")
    environment = Environment.from_pip_requirements("e", "requirements.txt")
    environment.environment_variables["A"] = "1"
    first = environment.register(workspace=ws)
    assert (first.version, environment.version) == ("1", None)
    first.environment_variables["A"] = "2"
    assert first.register(ws).version == "2"
    assert Environment.get(ws, "e").environment_variables == {"A": "2"}
    old = Environment.get(ws, "e", version="1")
    assert old.python.conda_dependencies.as_dict() == environment.python.conda_dependencies.as_dict()
    assert needs_of(old) == needs_of(environment)
    assert {name: one.version for name, one in ws.environments.items()} == {"e": "2"}
    with pytest.raises(NotFound, match="Environment f not found"):
        Environment.get(ws, "f")
    with pytest.raises(NotFound, match="version 3"):
        Environment.get(ws, "e", "3")
    with pytest.raises(UsageError, match="provided model name"):
        Environment("a b").register(ws)


def test_to_a_folder_and_back(here):
    environment = Environment.from_dockerfile("e", "FROM debian\n")
    environment.environment_variables["A"] = "1"
    environment.save_to_directory("saved")
    assert sorted(path.name for path in (here / "saved").iterdir()) == [
        "BaseDockerfile",
        "azureml_environment.json",
        "conda_dependencies.yml",
    ]
    assert repr(Environment.load_from_directory("saved")) == repr(environment)
    with pytest.raises(FileExistsError):
        environment.save_to_directory("saved")
    environment.save_to_directory("saved", overwrite=True)
    with pytest.raises(FileNotFoundError):
        Environment.load_from_directory("elsewhere")


def test_clone():
    environment = Environment("a")
    environment.python.conda_dependencies.add_pip_package("numpy")
    copy = environment.clone("b")
    copy.python.conda_dependencies.add_pip_package("scipy")
    assert list(environment.python.conda_dependencies.pip_packages) == ["numpy"]
    assert list(copy.python.conda_dependencies.pip_packages) == ["numpy", "scipy"]
    with pytest.raises(UsageError, match="new name"):
        environment.clone(None)


def conda_program(folder: Path, text: str) -> None:
    program = folder / "conda"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_from_an_existing_conda_environment(here, monkeypatch):
    monkeypatch.setenv("PATH", str(here))
    with pytest.raises(FileNotFoundError, match="There is no conda on this machine"):
        Environment.from_existing_conda_environment("e", "mine")
    monkeypatch.setenv("PATH", os.pathsep.join([str(here), "/bin", "/usr/bin"]))
    conda_program(here, """echo '{"name": "mine", "dependencies": ["python=3.10", {"pip": ["numpy"]}]}'""")
    environment = Environment.from_existing_conda_environment("e", "mine")
    assert needs_of(environment).requirements == ("numpy",)
    conda_program(here, "exit 1")
    assert Environment.from_existing_conda_environment("e", "mine") is None
