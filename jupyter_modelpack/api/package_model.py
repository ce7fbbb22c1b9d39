"""Model.package: from models and an inference config to a build that runs.

azure-differences.md 6. What can be known to be wrong is said here, before anything is built.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_modelpack.analysis import pickle_names, secret_check
from jupyter_modelpack.api import made_script
from jupyter_modelpack.api.build_job import BuildJob
from jupyter_modelpack.api.environment_spec import needs_of, platform_of
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.api.kernel_needs import with_kernel
from jupyter_modelpack.api.model import Model, registered
from jupyter_modelpack.api.package import ModelPackage
from jupyter_modelpack.api.packaging_task import PackagingTask
from jupyter_modelpack.builder.recipe import Recipe
from jupyter_modelpack.catalog.models.framework import Framework
from jupyter_modelpack.catalog.models.model_metadata import usable_name
from jupyter_modelpack.catalog.other_workspaces import holding, python_hint
from jupyter_modelpack.catalog.package_record import OURS, PackageFacts
from jupyter_modelpack.catalog.resolve_options import DEFAULT, ResolveOptions
from jupyter_modelpack.catalog.workspace_folder import WorkspaceFolder
from jupyter_modelpack.errors import PathNotFound, UsageError
from jupyter_modelpack.image_contract import SAMPLE_LABEL
from jupyter_modelpack.oci.names import check_repository, check_tag

if TYPE_CHECKING:
    from jupyter_modelpack.proof.making import Terms

_NO_CODE = (Framework.ONNX, Framework.SCIKITLEARN, Framework.TENSORFLOW, Framework.MULTI)
_AUTO_NAME = 30


def package(
    workspace: WorkspaceFolder,
    models: Sequence[Model | str],
    inference_config: InferenceConfig | None,
    *,
    generate_dockerfile: bool,
    image_name: str | None,
    image_label: str | None,
    again: bool = True,
    choices: ResolveOptions = DEFAULT,
    proof: Terms | None = None,
) -> ModelPackage:
    """Check everything, start the build, return its handle.

    Without `again`, a package that comes out just as one before is that one. Azure makes a second one. With `proof`,
    one that does not answer its sample as the notebook does gets no name.
    """
    for name, given in (("image_name", image_name), ("image_label", image_label)):
        if not isinstance(given, str | None):
            raise UsageError(f"{name} is text, not {type(given).__name__}.", code="bad-name")
    label = check_tag(image_label) if image_label else None
    if inference_config is None:
        models, inference_config = _without_config(workspace, models)
    recipe = checked_recipe(workspace, models, inference_config, image_name, choices)
    log = f"{datetime.now(UTC):%Y%m%d%H%M%S}-{secrets.token_hex(3)}.log"
    facts = PackageFacts(tuple(f"{model.name}:{model.version}" for model in recipe.models), generate_dockerfile, log)
    task = PackagingTask(workspace, recipe, inference_config.environment, facts, label, again, proof)
    return ModelPackage(workspace, facts, job=BuildJob(task.carry_out, task.keep_log))


def checked_recipe(
    workspace: WorkspaceFolder,
    models: Sequence[Model | str],
    inference_config: InferenceConfig,
    image_name: str | None = None,
    choices: ResolveOptions = DEFAULT,
    more: Iterable[tuple[str, str]] = (),
) -> Recipe:
    """Check everything, return what the package is made of.

    `more` are dotted names of modules that models name which are not registered yet, each with the reason.
    """
    if not isinstance(workspace, WorkspaceFolder):
        raise UsageError(f"workspace is a Workspace, not {type(workspace).__name__}.")
    repository = _repository(image_name)
    chosen = _models(workspace, models)
    if not isinstance(inference_config, InferenceConfig):
        raise UsageError(
            f"inference_config is an InferenceConfig, not {type(inference_config).__name__}.",
            hint='InferenceConfig(entry_script="score.py", environment=env), for example.',
        )
    sample = inference_config.sample
    recipe = Recipe(
        name=repository,
        needs=needs_of(inference_config.environment, inference_config.docker_steps(), inference_config.apt),
        models=tuple(model.part() for model in chosen),
        source=inference_config.as_source(),
        platform=platform_of(inference_config.environment),
        labels={SAMPLE_LABEL: sample} if sample else {},
        lock=choices.lock,
        upgrade=choices.upgrade,
        pull=choices.pull,
        created=choices.created,
        build_sources=choices.build_sources,
        allow_version_drift=choices.allow_version_drift,
    )
    recipe = with_kernel(recipe, inference_config.environment, workspace.store, more)
    secret_check.check(recipe.source, sample, recipe.needs.variables)
    pickle_names.check(recipe, workspace.store)
    return recipe


def _repository(name: str | None) -> str:
    repository = check_repository(name or "package")
    if f"{repository}/".startswith(OURS):
        raise UsageError(
            f"image_name {name!r} begins as the workspace's own names do ({', '.join(OURS)}).",
            hint="Choose another one.",
            code="bad-name",
        )
    return repository


def _models(workspace: WorkspaceFolder, given: Sequence[Model | str]) -> list[Model]:
    listed = [given] if isinstance(given, (Model, str)) else given
    if not isinstance(listed, Iterable):
        raise UsageError(f"models is a list of models, not {type(listed).__name__}.", code="bad-model")
    found = [_model(workspace, one) for one in listed]
    return list({model.id: model for model in found}.values())


def _model(workspace: WorkspaceFolder, given: Model | str) -> Model:
    if isinstance(given, Model):
        if given.workspace != workspace:
            raise UsageError(f"Model {given.id or '(empty)'} is not of {workspace!r}.", hint="Register it there first.")
        return given
    if not isinstance(given, str):
        raise UsageError(
            "Models must either be of type azureml.core.Model or a str path to a file or folder.", code="bad-model"
        )
    if found := registered(workspace, given):
        return found
    try:
        return Model.register(workspace, given, usable_name(Path(os.path.abspath(given)).name)[:_AUTO_NAME])  # noqa: PTH100
    except PathNotFound as error:
        call = f"Model({{}}, id={given!r})" if ":" in given else f"Model({{}}, {given!r})"
        error.hint = python_hint(holding(workspace, "model", given), call) + error.hint
        raise


def _without_config(
    workspace: WorkspaceFolder, models: Sequence[Model | str]
) -> tuple[Sequence[Model | str], InferenceConfig]:
    """Return the models, and the config with a script that is made for the only one of them."""
    if not isinstance(workspace, WorkspaceFolder):
        raise UsageError(f"workspace is a Workspace, not {type(workspace).__name__}.")
    chosen = _models(workspace, models)
    found = made_script.kind_of(chosen[0].part(), workspace.store) if len(chosen) == 1 else None
    if found is None:
        raise _no_config(chosen)
    return chosen, made_script.config_for(found)


def _no_config(models: Sequence[Model]) -> UsageError:
    if len(models) != 1:
        return UsageError("You must provide an InferenceConfig when deploying zero or multiple models.")
    framework = models[0].model_framework
    if framework not in _NO_CODE:
        return UsageError(
            f"You must provide an InferenceConfig when deploying a model with model_framework set to {framework}. "
            f"Default environments are only provided for these frameworks: {list(_NO_CODE)}."
        )
    return UsageError(
        f"Packaging a {framework} model without an InferenceConfig is a service of the Azure cloud.",
        hint="Write a score.py with init() and run(data): InferenceConfig(entry_script='score.py', environment=env).",
    )
