"""An inference config for a model that came without an entry script: a short one is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.api.kernel_needs import kernel_packages
from jupyter_modelpack.builder.recipe import ModelPart
from jupyter_modelpack.model_kinds.content import of_registered
from jupyter_modelpack.model_kinds.detect import detect
from jupyter_modelpack.model_kinds.kind import Detected
from jupyter_modelpack.model_kinds.requirements import requirements_of
from jupyter_modelpack.model_kinds.write_script import script_of
from jupyter_modelpack.store.layout import Layout

SCRIPT = "score.py"
"""What a made script is called in the image."""


def kind_of(part: ModelPart, store: Layout) -> Detected | None:
    """Return what kind of model a registered one is, or None where no script can be made for it."""
    with of_registered(part, store) as content:
        return detect(content)


def config_for(
    found: Detected,
    environment: Environment | None = None,
    method: str | None = None,
    types: Mapping[str, str] = MappingProxyType({}),
) -> InferenceConfig:
    """Return the config with a made script; without an `environment`, with what the model needs.

    Raises:
        UsageError: models of this kind have no such method.

    """
    if environment is None:
        environment = Environment.from_kernel("made")
        with_requirements(environment, lacking(found, environment))
    return InferenceConfig.from_source(script_of(found, method, types), SCRIPT, environment)


def lacking(found: Detected, environment: Environment) -> tuple[str, ...]:
    """Return requirement lines for what the model needs and the Python does not have whose packages are captured."""
    return requirements_of(found, kernel_packages(environment)[1])


def with_requirements(environment: Environment, lines: Sequence[str]) -> Environment:
    """Add requirement lines to an environment, and return it."""
    for line in lines:
        environment.python.conda_dependencies.add_pip_package(line)
    return environment
