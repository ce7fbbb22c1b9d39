"""plan: say what packaging would do, before it does anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.results import Planned
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand

if TYPE_CHECKING:
    from jupyter_modelpack.api.inference import InferenceConfig
    from jupyter_modelpack.api.model import Model
    from jupyter_modelpack.api.workspace import Workspace
    from jupyter_modelpack.builder.lock.pylock import Lock
    from jupyter_modelpack.builder.target import BuildTarget
    from jupyter_modelpack.catalog.resolve_options import ResolveOptions
    from jupyter_modelpack.commands.find_models import New


def plan(  # noqa: PLR0913 - one keyword an option
    report: Reporter,
    *,
    script: options.Script = None,
    model: options.Models = (),
    pip: options.Pip = (),
    requirements: options.Requirements = None,
    conda: options.Conda = None,
    env: options.Environment = None,
    from_python: options.FromPython = None,
    source_directory: options.SourceDirectory = None,
    allow_secret: options.AllowSecret = (),
    base: options.BaseImage = None,
    apt: options.Apt = (),
    env_var: options.Variables = (),
    name: options.ImageName = None,
    lock: options.Lock = None,
    allow_version_drift: options.AllowVersionDrift = False,
    method: options.Method = None,
    workspace: options.Workspace = None,
) -> Planned:
    """Say of each layer whether it is there, would be made or downloaded, and how large it is."""
    from jupyter_modelpack.catalog import resolve_options
    from jupyter_modelpack.commands.environment_options import find_environment, inference_config
    from jupyter_modelpack.commands.find_models import NO_VARIABLES, look_up_all
    from jupyter_modelpack.commands.made_script import made_config, refuse_own, script_and_models

    ws = lookup.workspace(workspace)
    environment = find_environment(ws, name or "package", pip, requirements, conda, env, base, env_var, from_python)
    script, model = script_and_models(ws, script, model, NO_VARIABLES)
    if script:
        refuse_own(method)
    config = inference_config(environment, script, None, source_directory) if script else None
    found = look_up_all(ws, model, report)
    config = config or made_config(ws, found, environment, None, report, method=method)
    config.apt = apt
    config.allow_secrets = allow_secret
    how = resolve_options.choose(
        ws, expand(lock) if lock else None, upgrade=False, pull=False, allow_version_drift=allow_version_drift
    )
    return planned(ws, found, config, how, report)


def planned(
    ws: Workspace,
    found: Sequence[Model | New],
    config: InferenceConfig,
    how: ResolveOptions,
    report: Reporter,
) -> Planned:
    """Plan the package of models, those that would be registered among them."""
    from jupyter_modelpack.analysis import missing_imports, model_versions, version_drift
    from jupyter_modelpack.api import package_model
    from jupyter_modelpack.builder.plan import Step, plan_image
    from jupyter_modelpack.catalog.models import model_layer
    from jupyter_modelpack.commands.find_models import modules_of_new, told_apart

    known, new = told_apart(found)
    more = modules_of_new(new)
    recipe = package_model.checked_recipe(ws, known, config, choices=how, more=more)
    files = {one.name: model_layer.gather(one.path).entries for one in new}
    remarks: list[str] = []

    def resolved(lock: Lock, target: BuildTarget) -> None:
        made = version_drift.of_recipe(recipe, ws.store)
        made += [(name, model_versions.of_files(entries)) for name, entries in files.items()]
        remarks.extend(version_drift.check(made, recipe, lock))
        missing_imports.foresee(recipe, report, lock, target)

    image_plan = plan_image(recipe, report, resolved)
    *below, server, app = image_plan.steps
    models = (
        Step(f"model {name} (new)", "made", sum(file.stat().st_size for _, file in entries))
        for name, entries in files.items()
    )
    steps = (*below, *models, server, app)
    return Planned(
        image_plan.python,
        str(recipe.platform),
        image_plan.bytecode,
        steps,
        image_plan.download,
        (*remarks, *image_plan.remarks),
    )
