"""package: make an image from models and an entry script."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.notebook_context import Notebook
from jupyter_modelpack.commands.results import Packaged, Planned, Tried
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand

if TYPE_CHECKING:
    from jupyter_modelpack.api.inference import InferenceConfig
    from jupyter_modelpack.api.model import Model
    from jupyter_modelpack.api.workspace import Workspace


def package(  # noqa: PLR0913 - one keyword an option
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
    tag: Annotated[str | None, Option("Tag of the image; by default, the time", "-t", metavar="TAG")] = None,
    dockerfile: Annotated[bool, Option("Make a Dockerfile with its files in place of an image (see save)")] = False,
    sample: Annotated[
        str | None,
        Option(
            "Data of one request, kept with the package: JSON, a file, or in a notebook a variable (X_test[:2])",
            metavar="DATA",
            completes="path",
        ),
    ] = None,
    method: options.Method = None,
    write_script: Annotated[
        str | None,
        Option("File to write the made entry script to, for changing it", metavar="FILE", completes="path"),
    ] = None,
    prove: Annotated[
        bool, Option("Make no package whose answer to the sample cannot be compared with the notebook's")
    ] = False,
    no_prove: Annotated[
        bool, Option("Do not run the package to compare its answer to the sample with the notebook's")
    ] = False,
    tolerance: options.Tolerance = None,
    trust: options.Trust = False,
    lock: options.Lock = None,
    build_sources: options.BuildSources = False,
    allow_version_drift: options.AllowVersionDrift = False,
    upgrade: Annotated[bool, Option("Resolve the requirements again, for newer versions")] = False,
    pull: Annotated[bool, Option("Ask the registry again what the tag of the base image means")] = False,
    created: Annotated[
        str | None,
        Option(
            "Time that the image names as its own: now, or a date; by default, that of its base image", metavar="TIME"
        ),
    ] = None,
    plan: Annotated[bool, Option("Only say what would be made and downloaded; build nothing")] = False,
    dry_run: Annotated[
        bool, Option("Only try init() and run(sample) here, with the packages of this Python; build nothing")
    ] = False,
    workspace: options.Workspace = None,
    engine: options.Engine = None,
    cell: str | None = None,
    notebook: Notebook | None = None,
    made: Callable[[Any], None] = lambda _package: None,
    packaged: Callable[[Any], None] = lambda _package: None,
) -> Packaged | Tried | Planned:
    """Make a package, and put it into the container engine if there is one; or only try its script, or plan it.

    `cell` is the entry script when it is the text of a notebook cell and no file; `made` gets the handle
    as soon as there is one, while the package is still being made; `packaged` once it is, before an engine has it.
    """
    from jupyter_modelpack.api.package_model import package as start
    from jupyter_modelpack.catalog import resolve_options
    from jupyter_modelpack.commands.ensure_image import hand_over
    from jupyter_modelpack.commands.environment_options import find_environment, inference_config
    from jupyter_modelpack.commands.find_models import NO_VARIABLES, look_up_all, registered_all, told_apart
    from jupyter_modelpack.commands.made_script import made_config, refuse_own, script_and_models
    from jupyter_modelpack.commands.own_script import has_own
    from jupyter_modelpack.commands.plan import planned
    from jupyter_modelpack.commands.prove import Wish
    from jupyter_modelpack.commands.sample import read_sample
    from jupyter_modelpack.commands.script import write_new

    started = time.monotonic()
    ws = lookup.workspace(workspace)
    environment = find_environment(ws, name or "package", pip, requirements, conda, env, base, env_var, from_python)
    variables = notebook.models if notebook else NO_VARIABLES
    script, model = script_and_models(ws, script, model, variables)
    own = has_own(script, cell)
    if own:
        refuse_own(method, write_script)
    config = inference_config(environment, script or "", cell, source_directory) if own else None
    data = read_sample(sample) if sample is not None else None
    how = resolve_options.choose(
        ws,
        expand(lock) if lock else None,
        upgrade=upgrade,
        pull=pull,
        created=created,
        build_sources=build_sources,
        allow_version_drift=allow_version_drift,
    )
    with notebook.files if notebook else nullcontext():
        found = look_up_all(ws, model, report, variables)
        config = config or made_config(
            ws, found, environment, data, report, method=method, types=notebook.types if notebook else {}
        )
        if write_script is not None:
            write_new(write_script, config.source or "")
        config.sample = config.sample or data
        config.apt, config.allow_secrets = apt, allow_secret
        wish = Wish(
            engine,
            config.sample,
            tolerance,
            prove=prove,
            no_prove=no_prove,
            dockerfile=dockerfile,
            trust=trust,
        )
        if plan:
            if notebook:
                _carry(config, notebook, ws, told_apart(found)[0], report)
            return planned(ws, found, config, how, report)
        models = registered_all(ws, found, report)
    carried = _carry(config, notebook, ws, models, report) if notebook else ()
    if dry_run:
        return _try(ws, models, config, carried, report)
    handle = start(
        ws,
        models,
        config,
        generate_dockerfile=dockerfile,
        image_name=name,
        image_label=tag,
        again=False,
        choices=how,
        proof=wish.terms,
    )
    made(handle)
    handle.wait_for_creation(report=report)
    packaged(handle)
    chosen = lookup.engine(engine)
    if not dockerfile:
        hand_over(handle, chosen, report)
    return Packaged(
        reference=handle.location or "",
        digest=str(handle.digest or ""),
        size=handle.size,
        models=tuple(one.id for one in models),
        layers=tuple(replace(note, reused=True) for note in handle.layers) if handle.repeated else handle.layers,
        dockerfile=dockerfile,
        engine="" if dockerfile else chosen.name,
        seconds=time.monotonic() - started,
        handle=handle,
        before=handle.repeated,
        proof=wish.proof(handle.location or ""),
    )


def _carry(
    config: InferenceConfig,
    notebook: Notebook,
    ws: Workspace,
    models: Sequence[Model],
    report: Reporter,
) -> tuple[str, ...]:
    """Let the script have what it, or a pickle of its models, uses of the notebook's other cells; return the names."""
    from jupyter_modelpack.analysis.pickle_names import needed
    from jupyter_modelpack.builder.script_text import encoded
    from jupyter_modelpack.image_contract import CARRIED

    script = encoded(config.source or "", config.entry_script)
    text, names = notebook.carry(script, needed((model.part().layer for model in models), ws.store))
    if text:
        config.carried = {CARRIED: text.encode()}
        report.log(f"Carried along from other cells: {', '.join(names)}")
    return names


def _try(
    ws: Workspace, models: Sequence[Model], config: InferenceConfig, carried: tuple[str, ...], report: Reporter
) -> Tried:
    from jupyter_modelpack.analysis.undefined_names import undefined
    from jupyter_modelpack.api.package_model import checked_recipe
    from jupyter_modelpack.builder.local_run.dry_run import try_out
    from jupyter_modelpack.builder.script_text import script_bytes
    from jupyter_modelpack.commands.sample import is_json

    recipe = checked_recipe(ws, models, config)
    remarks = tuple(undefined(script_bytes(recipe.source), config.entry_script, carried))
    for remark in remarks:
        report.log(f"Warning: {config.entry_script}, {remark}")
    done = try_out(recipe, ws.store, config.sample, report)
    value = None if done.text is None else json.loads(done.text) if is_json(done.text) else done.text
    return Tried(config.entry_script, done.init_seconds, done.run_seconds, value, remarks)
