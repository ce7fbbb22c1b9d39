"""Environment -> Needs: what an image's environment must hold.

The Python is the one that the environment pins, else the kernel's, since that is what made the models.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from jupyter_modelpack.api.conda import KERNEL_PYTHON
from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.api.requirements import stand_alone
from jupyter_modelpack.builder.base_image.debian_names import check_packages
from jupyter_modelpack.builder.recipe import Needs
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.oci.manifest import Platform
from jupyter_modelpack.oci.names import DOCKER_HUB

_PIN = re.compile(r"={1,2}\s*(?P<minor>\d+\.\d+)(?:\.[\d*]+)?(?:=.*)?")
_CONDA_PLATFORMS = {"amd64": "linux-64", "arm64": "linux-aarch64"}
_PYTHONS = tuple(f"3.{minor}" for minor in range(20, 7, -1))


def needs_of(environment: Environment | None, docker_steps: str | None = None, apt: Sequence[str] = ()) -> Needs:
    """Translate an environment; None is one with nothing but Python."""
    environment = environment or Environment("default")
    docker, python = environment.docker, environment.python
    conda = python.conda_dependencies
    managed = python.user_managed_dependencies
    if not managed:
        _check_platforms(conda.platforms, platform_of(environment))
    return Needs(
        python=KERNEL_PYTHON if managed else python_minor(conda.python),
        requirements=() if managed else stand_alone(conda.pip_lines, python.requirements_dir),
        base=_base(environment),
        variables=_variables(environment),
        conda=()
        if managed
        else tuple(p for p in conda.conda_packages if not re.match(r"(?:[\w.-]+::)?(?:python|pip)\b(?!-)", p)),
        channels=() if managed else tuple(conda.conda_channels),
        dockerfile=docker.base_dockerfile,
        docker_steps=docker_steps,
        requirements_dir=python.requirements_dir,
        uses_base=managed,
        apt=check_packages(apt),
    )


def platform_of(environment: Environment | None) -> Platform:
    """Return what the image runs on: what the environment says, else a Linux like this machine's."""
    if environment is not None and environment.docker.platform:
        return Platform.parse(environment.docker.platform)
    return Platform("linux", {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "amd64"))


def _check_platforms(named: Sequence[str], platform: Platform) -> None:
    own = _CONDA_PLATFORMS.get(platform.architecture, str(platform))
    if named and own not in named:
        raise UsageError(
            f"Environment error: `platforms` of the conda file names {', '.join(named)}; the image is for {platform}.",
            hint=f"Add {own} to the list, or take `platforms` out of the file.",
            code="conda-platforms",
        )


def python_minor(spec: str | None) -> str:
    """Return the minor version that conda's words for Python choose: ``=3.10.18`` is ``3.10``."""
    if not spec or spec == "*":
        return KERNEL_PYTHON
    pinned = _PIN.fullmatch(spec)
    if pinned:
        return pinned["minor"]
    try:
        wanted = SpecifierSet(spec)
    except InvalidSpecifier as error:
        raise UsageError(f"The environment's python{spec} is not a version.", hint="Write python=3.11.") from error
    for minor in (KERNEL_PYTHON, *_PYTHONS):
        if wanted.contains(f"{minor}.99") or wanted.contains(f"{minor}.0"):
            return minor
    raise UsageError(f"No Python meets the environment's python{spec}.", hint="Write python=3.11.")


def _base(environment: Environment) -> str | None:
    image, address = environment.docker.base_image, environment.docker.base_image_registry.address
    if image and address and address != DOCKER_HUB and not image.startswith(f"{address}/"):
        return f"{address}/{image}"
    return image or None


def _variables(environment: Environment) -> dict[str, str]:
    python = environment.python
    theirs = {} if python.user_managed_dependencies else python.conda_dependencies.variables
    variables = {**theirs, **environment.environment_variables}
    for name, value in variables.items():
        if not isinstance(name, str) or not re.fullmatch(r"[^\s=\0]+", name) or "\0" in str(value):
            raise UsageError(f"{name!r} cannot be the name of an environment variable.", code="bad-variable")
    return {name: str(value) for name, value in variables.items()}
