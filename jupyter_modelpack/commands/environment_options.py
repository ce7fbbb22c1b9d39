"""The script and the environment of a package, from the words that name them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jupyter_modelpack.api.conda import CondaDependencies
from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.capture.interpreter import active_environment, interpreter
from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.grammar.parse import as_dict
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.home import expand

CELL_SCRIPT = "score.py"
"""Name in the image of an entry script that is a notebook cell."""


def find_environment(
    ws: Workspace,
    name: str,
    pip: Sequence[str],
    requirements: str | None,
    conda: str | None,
    env: str | None,
    base: str | None,
    env_var: Sequence[str],
    from_python: str | None = None,
) -> Environment:
    """Return the environment that the options describe, the registered one being left as it is.

    Without any that name packages, these are captured from the Python that made the models.
    """
    sources = [flag for flag, given in (("--requirements", requirements), ("--conda", conda), ("--env", env)) if given]
    if len(sources) > 1:
        raise UsageError(f"{' and '.join(sources)} both say what the environment is.", hint="Choose one of them.")
    if env:
        made = lookup.environment(ws, env).clone(name)
    elif conda:
        made = Environment.from_conda_specification(name, conda)
    elif requirements:
        made = Environment.from_pip_requirements(name, requirements)
    elif not pip:
        made = Environment.from_kernel(name)
        made.python.conda_dependencies = CondaDependencies.create(pip_packages=[])
        made.python.requirements_dir = Path.cwd()
    else:
        made = Environment(name)
        made.python.conda_dependencies = CondaDependencies.create(pip_packages=[])
        made.python.requirements_dir = Path.cwd()
    made.python.kernel = expand(from_python) if from_python else active_environment()
    if made.python.kernel and not (conda or env):
        made.python.conda_dependencies.set_python_version(interpreter(made.python.kernel).version)
    for requirement in pip:
        made.python.conda_dependencies.add_pip_package(requirement)
    if base:
        made.docker.base_image = str(expand(base)) if base.startswith("~") else base
    made.environment_variables = {**made.environment_variables, **as_dict(env_var)}
    return made


def inference_config(
    environment: Environment, script: str, cell: str | None, source_directory: str | None
) -> InferenceConfig:
    """Return the entry script with its environment: a file, or the text of a cell."""
    if cell is not None:
        return InferenceConfig.from_source(cell, CELL_SCRIPT, environment, source_directory=source_directory)
    return InferenceConfig(entry_script=script, source_directory=source_directory, environment=environment)
