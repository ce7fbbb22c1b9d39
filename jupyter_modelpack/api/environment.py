"""Environment: what a scoring script needs around it.

azure-differences.md 5.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.api.conda import KERNEL_PYTHON, CondaDependencies
from jupyter_modelpack.api.container_registry import ContainerRegistry
from jupyter_modelpack.api.sections.docker_section import DockerSection
from jupyter_modelpack.api.sections.python_section import PythonSection
from jupyter_modelpack.api.sections.strict_attributes import Section
from jupyter_modelpack.catalog.models.model_metadata import check_name
from jupyter_modelpack.catalog.text_file import read_text
from jupyter_modelpack.catalog.versioned_artifacts import Artifact, VersionedArtifacts
from jupyter_modelpack.errors import NotFound, PathNotFound, UsageError
from jupyter_modelpack.redact import scrub
from jupyter_modelpack.store.os_errors import disk_errors

if TYPE_CHECKING:
    from jupyter_modelpack.catalog.workspace_folder import WorkspaceFolder

_log = logging.getLogger(__name__)
_JSON, _CONDA, _DOCKERFILE = "azureml_environment.json", "conda_dependencies.yml", "BaseDockerfile"
_CONDA_SECONDS = 120


class Environment(Section):
    """Python packages, a base image and environment variables, under a name (azure-differences.md 5).

    Args:
        name: Its name.
        azure: Other parameters of Azure's, ignored.

    Raises:
        TypeError: `name` is no text.

    Attributes:
        name: Its name.
        version: None until it is registered, then a number as text.
        python: The packages.
        docker: The base image.
        environment_variables: For the image. Empty by default: Azure's EXAMPLE_ENV_VAR shipped into
            every image, which nobody wanted.
        inferencing_stack_version: Azure's; not used.
    """

    name: str
    version: str | None
    python: PythonSection
    docker: DockerSection
    environment_variables: dict[str, str]
    inferencing_stack_version: str | None

    def __init__(self, name: str, **azure: object) -> None:
        del azure
        if not isinstance(name, str):
            raise TypeError(f"Environment name expected str, {type(name)} found")
        self.name, self.version = name, None
        self.python, self.docker = PythonSection(), DockerSection()
        self.environment_variables = {}
        self.inferencing_stack_version = None

    # --- made of what is here ---

    @staticmethod
    def from_kernel(name: str) -> Environment:
        """Make an environment of what a script and its models need of this Python, at its versions; ours, not Azure's.

        The packages are read when a package is made: what the script imports, in functions too, and what the models'
        pickles name.

        Args:
            name: Its name.
        """
        environment = Environment(name)
        environment.python.captured = True
        return environment

    # --- made of files ---

    @staticmethod
    def from_pip_requirements(
        name: str, file_path: str | os.PathLike[str], pip_version: str | None = None
    ) -> Environment:
        """Make an environment from a requirements file, line by line (azure-differences.md 5).

        Args:
            name: Its name.
            file_path: The requirements file.
            pip_version: Kept as a conda package ``pip=...``.

        Raises:
            PathNotFound: there is no such file.
            UsageError: it is no text in UTF-8. Its lines are read when a package is made of them.
        """
        path = Path(file_path)
        text = read_text(path, "requirements file")
        environment = Environment(name)
        conda = environment.python.conda_dependencies
        conda.add_conda_package(f"pip={pip_version}" if pip_version else "pip")
        conda.set_pip_requirements(text.splitlines())
        environment.python.requirements_dir = path.absolute().parent
        return environment

    @staticmethod
    def from_pip_packages(name: str, packages: Sequence[str]) -> Environment:
        """Make an environment from requirements; ours, not Azure's.

        Args:
            name: Its name.
            packages: Requirements as pip writes them; relative paths are those of the current folder.
        """
        environment = Environment(name)
        environment.python.conda_dependencies.set_pip_requirements(packages)
        environment.python.requirements_dir = Path.cwd()
        return environment

    @staticmethod
    def from_conda_specification(name: str, file_path: str | os.PathLike[str]) -> Environment:
        """Make an environment from a conda file (azure-differences.md 5).

        Args:
            name: Its name.
            file_path: The conda file; where it names no Python, the kernel's is taken, and a warning logged.

        Raises:
            PathNotFound: there is no such file.
            UsageError: it is not YAML, or no conda file.
        """
        environment = Environment(name)
        conda = CondaDependencies(file_path)
        if conda.python is None:
            _log.warning('No Python version provided, defaulting to "%s"', KERNEL_PYTHON)
            conda.set_python_version(KERNEL_PYTHON)
        environment.python.conda_dependencies = conda
        environment.python.requirements_dir = Path(file_path).absolute().parent
        return environment

    @staticmethod
    def from_existing_conda_environment(name: str, conda_environment_name: str) -> Environment | None:
        """Make an environment from a conda environment of this machine (azure-differences.md 5).

        Args:
            name: Its name.
            conda_environment_name: The conda environment's name.

        Returns:
            The environment; None where conda exports none of that name.

        Raises:
            PathNotFound: there is no conda on this machine.
        """
        program = shutil.which("conda")
        if program is None:
            raise PathNotFound(
                "There is no conda on this machine.", hint="Environment.from_pip_requirements needs none."
            )
        argv = [program, "env", "export", "--no-builds", "--json", "--name", conda_environment_name]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_CONDA_SECONDS, check=False)
        if done.returncode:
            return None
        environment = Environment(name)
        environment.python.conda_dependencies = CondaDependencies.from_document(json.loads(done.stdout))
        return environment

    @staticmethod
    def from_dockerfile(
        name: str,
        dockerfile: Any,
        conda_specification: str | os.PathLike[str] | None = None,
        pip_requirements: str | os.PathLike[str] | None = None,
    ) -> Environment:
        """Make an environment upon a Dockerfile (azure-differences.md 5).

        Args:
            name: Its name.
            dockerfile: The Dockerfile: its text, its path or an open file.
            conda_specification: Path of a conda file with the packages.
            pip_requirements: Path of a requirements file with the packages. Without either, the Dockerfile brings them.

        Raises:
            PathNotFound: there is no such conda file or requirements file.
            UsageError: both are given, or one of the files cannot be read.
        """
        environment = _with_packages(name, conda_specification, pip_requirements)
        environment.docker.base_dockerfile = dockerfile
        return environment

    @staticmethod
    def from_docker_image(
        name: str,
        image: str,
        container_registry: ContainerRegistry | None = None,
        conda_specification: str | os.PathLike[str] | None = None,
        pip_requirements: str | os.PathLike[str] | None = None,
    ) -> Environment:
        """Make an environment upon an image (azure-differences.md 5).

        Args:
            name: Its name.
            image: Reference, layout folder or archive of the base image.
            container_registry: Where the image is pulled from, with user name and password.
            conda_specification: Path of a conda file with the packages.
            pip_requirements: Path of a requirements file with the packages. Without either, the image brings them.

        Raises:
            PathNotFound: there is no such conda file or requirements file.
            UsageError: both are given, or one of the files cannot be read.
        """
        environment = _with_packages(name, conda_specification, pip_requirements)
        environment.docker.base_image = image
        if container_registry is not None:
            environment.docker.base_image_registry = container_registry
        return environment

    # --- registered ---

    def register(self, workspace: WorkspaceFolder) -> Environment:
        """Keep this definition as the next version of its name (azure-differences.md 5).

        Args:
            workspace: Where to.

        Returns:
            The registered environment, with its version.

        Raises:
            UsageError: the name is not usable, or the definition holds a password.
        """
        check_name(self.name)
        document = self._definition()
        if scrub(json.dumps(document)) != json.dumps(document):
            raise UsageError(
                f"Environment {self.name} holds a password in a URL, which a workspace does not keep.",
                hint="Keep it in ~/.netrc or write ${VARIABLE} in its place.",
                code="secret-in-environment",
            )
        artifacts = _artifacts(workspace)
        with artifacts.lock(self.name):
            version = artifacts.next_version(self.name)
            artifacts.put(self.name, version, document)
        return Environment.get(workspace, self.name, str(version))

    @staticmethod
    def get(
        workspace: WorkspaceFolder, name: str, version: str | int | None = None, label: str | None = None
    ) -> Environment:
        """Return a registered environment (azure-differences.md 5).

        Args:
            workspace: Where to look.
            name: Its name.
            version: Its number; by default the latest.
            label: ``latest`` or None, which mean the same.

        Raises:
            NotFound: there is none; the hint names the workspace that holds it, if another one does.
            UsageError: `label` is another one.
        """
        if label not in {None, "latest"}:
            raise UsageError(f"There is no label {label!r}: environments have the label latest alone.")
        artifacts = _artifacts(workspace)
        if version is None:
            found = artifacts.newest(name)
        else:
            found = artifacts.get(name, int(version)) if str(version).isdecimal() else None
        if found is None:
            there = artifacts.names()
            raise NotFound(
                f"Environment {name}{f', version {version},' if version else ''} not found in provided workspace",
                hint=f"{_elsewhere(workspace, name, version)}There are: {', '.join(there) or 'no environments yet'}.",
                code="environment-not-found",
            )
        return _environment(found)

    @staticmethod
    def list(workspace: WorkspaceFolder) -> dict[str, Environment]:
        """Return the latest version of each registered environment (azure-differences.md 5).

        Args:
            workspace: Where to look.

        Returns:
            The environments, by name.
        """
        return {item.name: _environment(item) for item in _artifacts(workspace).latest()}

    def clone(self, new_name: str) -> Environment:
        """Return a copy under another name, not registered (azure-differences.md 5).

        Args:
            new_name: The copy's name.

        Raises:
            UsageError: the name is empty.
        """
        if not new_name:
            raise UsageError("Environment.clone needs the new name.")
        copy = Environment(new_name)
        copy._load(json.loads(json.dumps(self._definition())))
        # The definition leaves the password out on purpose; a copy in memory may keep it.
        copy.docker.base_image_registry.password = self.docker.base_image_registry.password
        return copy

    # --- on disk ---

    def save_to_directory(self, path: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write the definition as files to read and edit (azure-differences.md 5).

        Args:
            path: The folder, made when it is missing.
            overwrite: Whether a folder that is there is written into; False by default.

        Raises:
            FileExistsError: the folder is there, and `overwrite` is False.
            UsageError: `path` is a file.
        """
        folder = Path(path)
        if folder.exists() and not overwrite:
            raise FileExistsError(f"{folder} already exists; pass overwrite=True to write into it.")
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is not a folder to write an environment into.")
        definition = {"name": self.name, "version": self.version, **self._definition()}
        with disk_errors(folder, f"environment {self.name}"):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _JSON).write_text(json.dumps(definition, indent=4, sort_keys=True), "utf-8")
            self.python.conda_dependencies.save(folder / _CONDA)
            if self.docker.base_dockerfile:
                (folder / _DOCKERFILE).write_text(self.docker.base_dockerfile, "utf-8")

    @staticmethod
    def load_from_directory(path: str | os.PathLike[str]) -> Environment:
        """Read what `save_to_directory` wrote; edits of the files beside it count (azure-differences.md 5).

        Args:
            path: The folder.

        Returns:
            The environment, not registered.

        Raises:
            PathNotFound: it holds no definition.
            UsageError: the definition is not JSON, or no environment.
        """
        folder = Path(path)
        try:
            document = json.loads(read_text(folder / _JSON, "environment's definition"))
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{folder / _JSON} is not JSON: {error}.") from error
        parts = ("python", "docker", "environmentVariables")
        if not isinstance(document, dict) or not all(isinstance(document.get(part) or {}, dict) for part in parts):
            raise UsageError(f"{folder / _JSON} is no environment: it and its {', '.join(parts)} are JSON objects.")
        environment = Environment(str(document.get("name") or folder.name))
        environment._load(document)
        if (folder / _CONDA).is_file():
            environment.python.conda_dependencies = CondaDependencies(folder / _CONDA)
        if (folder / _DOCKERFILE).is_file():
            environment.docker.base_dockerfile = read_text(folder / _DOCKERFILE, "Dockerfile")
        return environment

    def _definition(self) -> dict[str, Any]:
        return {
            "python": self.python.serialize(),
            "docker": self.docker.serialize(),
            "environmentVariables": dict(self.environment_variables),
            "inferencingStackVersion": self.inferencing_stack_version,
        }

    def _load(self, document: dict[str, Any]) -> None:
        self.python.load(document.get("python") or {})
        self.docker.load(document.get("docker") or {})
        self.environment_variables = dict(document.get("environmentVariables") or {})
        self.inferencing_stack_version = document.get("inferencingStackVersion")

    def __str__(self) -> str:
        return f"Environment(Name: {self.name},\nVersion: {self.version})"

    def __repr__(self) -> str:
        document = {"name": self.name, "version": self.version, **self._definition()}
        return scrub(json.dumps(document, indent=4, sort_keys=True))


def _with_packages(name: str, conda: str | os.PathLike[str] | None, pip: str | os.PathLike[str] | None) -> Environment:
    if conda and pip:
        raise UsageError("Only one of conda_specification and pip_requirements can be given.")
    if conda:
        return Environment.from_conda_specification(name, conda)
    if pip:
        return Environment.from_pip_requirements(name, pip)
    environment = Environment(name)
    environment.python.user_managed_dependencies = True
    return environment


def _elsewhere(workspace: WorkspaceFolder, name: str, version: str | int | None) -> str:
    """Return what to type when another workspace holds the environment; empty if none does."""
    from jupyter_modelpack.catalog.other_workspaces import holding, python_hint  # noqa: PLC0415 - rarely needed

    named = name if version is None else f"{name}:{version}"
    more = "" if version is None else f", {str(version)!r}"
    return python_hint(holding(workspace, "environment", named), f"Environment.get({{}}, {name!r}{more})")


def registered(workspace: WorkspaceFolder, named: str) -> Environment | None:
    """Return the environment that ``name:version`` means, or a name its latest version; None where there is none."""
    found = _artifacts(workspace).find(named)
    return _environment(found) if found else None


def _artifacts(workspace: WorkspaceFolder) -> VersionedArtifacts:
    return VersionedArtifacts(workspace.store, "environment")


def _environment(item: Artifact) -> Environment:
    environment = Environment(item.name)
    environment._load(item.document)  # noqa: SLF001 - of this class
    environment.version = str(item.version)
    return environment
