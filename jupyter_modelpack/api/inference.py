"""InferenceConfig: the entry script, what ships with it, and its environment.

azure-differences.md 4; everything is checked in the constructor.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jupyter_modelpack.analysis import entry_script as script
from jupyter_modelpack.api.container_registry import ContainerRegistry
from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.builder.context.secret_names import is_secret
from jupyter_modelpack.builder.context.source_files import inside, survey
from jupyter_modelpack.builder.recipe import AppSource
from jupyter_modelpack.builder.script_text import encoded
from jupyter_modelpack.catalog.text_file import read_text
from jupyter_modelpack.errors import PathNotFound, UsageError

_RUNTIMES = ("spark-py", "python", "python-slim")


class InferenceConfig:
    """How a model is scored.

    The arguments between `entry_script` and `environment` are Azure's older form; they are made into
    an environment. The caller's environment is never changed.

    Args:
        entry_script: Path of the script, which defines ``init()`` and ``run(data)``; relative to `source_directory` if
            there is one.
        runtime: Azure's older form: ``python`` or ``python-slim``.
        conda_file: Azure's older form: path of a conda file with the packages.
        extra_docker_file_steps: Azure's older form: path of a file with Dockerfile instructions.
        source_directory: A folder that ships whole, but for what its ignore files leave out.
        enable_gpu: Azure's older form; must be None or False.
        description: Text for people.
        base_image: Azure's older form: reference of the base image.
        base_image_registry: Where `base_image` is pulled from, with user name and password.
        cuda_version: Azure's older form; must be None.
        environment: What the script needs; not together with the older form. None is what script and models need of
            this Python, at its versions (`Environment.from_kernel`).

    Raises:
        PathNotFound: there is no such script or folder.
        UsageError: the script cannot be parsed, lacks ``init`` or ``run``, or parameters contradict each other.

    Attributes:
        entry_script: Path of the script, relative to `source_directory` if there is one.
        source_directory: A folder that ships whole, absolute; or None.
        environment: What the script needs; None is what it and the models need of this Python.
        source: The script's text when it comes from a notebook cell; ours, not Azure's.
        sample: One request's data as JSON text, kept with the package; ours, not Azure's.
        carried: Modules that ship with the script, by file name; ours, not Azure's.
        apt: Debian packages that the base image is to hold; ours, not Azure's.
        allow_secrets: Paths, or names, of files that ship though they look like secrets; ``sample`` is the sample.
            Names of environment variables, too. Ours, not Azure's.
    """

    sample: str | None = None
    allow_secrets: Sequence[str] = ()
    carried: Mapping[str, bytes] = MappingProxyType({})
    apt: Sequence[str] = ()

    def __init__(
        self,
        entry_script: str | os.PathLike[str],
        runtime: str | None = None,
        conda_file: str | os.PathLike[str] | None = None,
        extra_docker_file_steps: str | os.PathLike[str] | None = None,
        source_directory: str | os.PathLike[str] | None = None,
        enable_gpu: bool | None = None,
        description: str | None = None,
        base_image: str | None = None,
        base_image_registry: ContainerRegistry | None = None,
        cuda_version: str | None = None,
        environment: Environment | None = None,
    ) -> None:
        if not entry_script:
            raise UsageError("Error, need to specify entry_script.")
        self.entry_script = os.fspath(entry_script)
        self.source: str | None = None
        self.source_directory = _real_folder(source_directory)
        self.runtime, self.enable_gpu, self.cuda_version = runtime, enable_gpu, cuda_version
        self.conda_file = os.fspath(conda_file) if conda_file else None
        self.extra_docker_file_steps = os.fspath(extra_docker_file_steps) if extra_docker_file_steps else None
        self.base_image, self.base_image_registry = base_image, base_image_registry
        self.description = description
        self._check_script()
        legacy = [runtime, conda_file, extra_docker_file_steps, enable_gpu, cuda_version, base_image]
        if environment is not None and any(legacy):
            raise UsageError(
                "Error, unable to provide runtime, conda_file, extra_docker_file_steps, enable_gpu, cuda_version, "
                "or base_image along with an environment object."
            )
        if environment is not None and not isinstance(environment, Environment):
            raise UsageError(f"environment is an Environment, not {type(environment).__name__}.")
        self.environment = environment
        if any(legacy):
            self.environment = self._from_legacy()

    @classmethod
    def from_source(
        cls,
        text: str,
        name: str = "score.py",
        environment: Environment | None = None,
        *,
        source_directory: str | os.PathLike[str] | None = None,
    ) -> InferenceConfig:
        """Make one of a script that is no file, such as a notebook cell; ours, not Azure's.

        Args:
            text: The script. It is kept in memory and written to no file.
            name: What the script is called in the image.
            environment: What it needs.
            source_directory: A folder that ships beside it.

        Raises:
            UsageError: the script cannot be parsed, lacks ``init`` or ``run``, or `name` is not a plain module's name.
            PathNotFound: there is no such folder.
        """
        script.check_name(name)
        if Path(name).name != name:
            raise UsageError(f"{name} is a path; the script of a cell has a plain name.")
        script.check_source(encoded(text, name), name)
        made = cls.__new__(cls)
        made.entry_script, made.source, made.environment = name, text, environment
        made.source_directory = _real_folder(source_directory)
        made.runtime = made.conda_file = made.extra_docker_file_steps = made.base_image = None
        made.enable_gpu = made.cuda_version = made.base_image_registry = made.description = None
        return made

    def as_source(self) -> AppSource:
        """Return what a recipe says of the script; ours, not Azure's.

        Raises:
            UsageError: the script is among the files that do not ship, or a link leaves the folder.

        """
        return replace(self._own_source(), extra=self.carried, allowed=tuple(self.allow_secrets))

    def _own_source(self) -> AppSource:
        folder = Path(self.source_directory) if self.source_directory else None
        if self.source is not None:
            return AppSource(self.entry_script, folder, encoded(self.source, self.entry_script))
        if folder is None:
            return _snapshot(Path(self.entry_script))
        shipped = {path for path, _ in survey(folder, self.allow_secrets).files}
        wanted = Path(os.path.normpath(self.entry_script)).as_posix()
        if is_secret(wanted, self.allow_secrets):
            raise UsageError(
                f"The entry script {wanted} does not ship: it is named as secrets are.",
                hint="Give it another name.",
                code="entry-script-ignored",
            )
        if wanted not in shipped:
            raise UsageError(
                f"The entry script {wanted} does not ship: an ignore file of {folder} leaves it out.",
                hint=f"Add !{wanted} to .amlignore there.",
                code="entry-script-ignored",
            )
        return AppSource(wanted, folder)

    def docker_steps(self) -> str | None:
        """Return the extra Dockerfile instructions, or None; ours, not Azure's."""
        if not self.extra_docker_file_steps:
            return None
        try:
            return read_text(self._path(self.extra_docker_file_steps), "file of Dockerfile steps")
        except PathNotFound as error:
            raise PathNotFound(f"extra_docker_file_steps {self.extra_docker_file_steps} doesn't exist.") from error

    def _check_script(self) -> None:
        path = self._path(self.entry_script)
        if not path.is_file():
            there = "" if self.source_directory is None else f" (it is looked for in {self.source_directory})"
            raise PathNotFound(
                f"entry_script {self.entry_script} doesn't exist. "
                f"entry_script should be path relative to current working directory{there}"
            )
        script.check_name(self.entry_script)
        if self.source_directory is not None:
            if os.path.isabs(self.entry_script):  # noqa: PTH117 - the text as given
                self.entry_script = os.path.relpath(path, self.source_directory)
            inside(path, Path(self.source_directory))
        script.check_source(path.read_bytes(), path.name)

    def _path(self, given: str) -> Path:
        return Path(self.source_directory or "", given)

    def _from_legacy(self) -> Environment:
        if self.runtime and self.runtime not in _RUNTIMES:
            raise UsageError("Provided runtime not supported. Possible runtimes are: spark-py|python")
        if self.runtime == "spark-py":
            raise UsageError("The spark-py runtime needs the Azure cloud; use runtime python.")
        if self.enable_gpu or self.cuda_version:
            raise UsageError(
                "enable_gpu and cuda_version chose an image of Azure's; name a base image with CUDA instead.",
                hint="env.docker.base_image = ...",
            )
        warnings.warn(
            "runtime, conda_file, extra_docker_file_steps and base_image are deprecated; use environment.",
            DeprecationWarning,
            stacklevel=4,
        )
        environment = Environment("legacy")
        if self.conda_file:
            environment = Environment.from_conda_specification("legacy", self._path(self.conda_file))
        environment.docker.base_image = self.base_image
        if self.base_image_registry:
            environment.docker.base_image_registry = self.base_image_registry
        self.docker_steps()  # says now that the file is missing
        return environment

    def __repr__(self) -> str:
        shown: dict[str, Any] = {
            name: getattr(self, name)
            for name in (
                "entry_script",
                "runtime",
                "conda_file",
                "extra_docker_file_steps",
                "source_directory",
                "enable_gpu",
                "base_image",
                "base_image_registry",
            )
        }
        return f"InferenceConfig({', '.join(f'{name}={value}' for name, value in shown.items())})"


def _snapshot(path: Path) -> AppSource:
    """Take the script as it is now: the build reads later, and the next cell may write another one."""
    try:
        return AppSource(path.name, None, path.read_bytes(), beside=str(path.parent))
    except FileNotFoundError as error:
        raise PathNotFound(f"entry_script {path} doesn't exist any more.") from error


def _real_folder(given: str | os.PathLike[str] | None) -> str | None:
    if given is None or given == "":
        return None
    folder = os.path.realpath(given)
    if not os.path.isdir(folder):  # noqa: PTH112 - beside realpath
        raise PathNotFound(f"source directory {folder} doesn't exist. ")
    return folder
