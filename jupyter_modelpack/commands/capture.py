"""capture: say which packages of this Python a script and its models need, and why."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated

from jupyter_modelpack.commands import lookup, options
from jupyter_modelpack.commands.grammar.option import Option
from jupyter_modelpack.commands.notebook_context import Notebook
from jupyter_modelpack.commands.results import Capture
from jupyter_modelpack.events import Reporter


def capture(
    report: Reporter,
    *,
    script: options.Script = None,
    model: options.Models = (),
    source_directory: options.SourceDirectory = None,
    from_python: options.FromPython = None,
    format: Annotated[  # noqa: A002 - as people type it
        str,
        Option(
            "What to print: requirements, each with its reason, or the whole lock with all that they need",
            choices=("requirements", "pylock"),
            metavar="FORMAT",
        ),
    ] = "requirements",
    workspace: options.Workspace = None,
    notebook: Notebook | None = None,
) -> Capture:
    """Read what the script imports and the models' pickles name; neither is run, and nothing is registered."""
    from jupyter_modelpack.api.environment_spec import needs_of, platform_of
    from jupyter_modelpack.api.inference import InferenceConfig
    from jupyter_modelpack.api.kernel_needs import lock_of, with_kernel
    from jupyter_modelpack.builder.recipe import AppSource, Recipe
    from jupyter_modelpack.commands.environment_options import CELL_SCRIPT, find_environment
    from jupyter_modelpack.commands.find_models import NO_VARIABLES, look_up_all, modules_of_new, told_apart
    from jupyter_modelpack.commands.made_script import made_source, script_and_models
    from jupyter_modelpack.errors import UsageError

    ws, variables = lookup.workspace(workspace), notebook.models if notebook else NO_VARIABLES
    script, model = script_and_models(ws, script, model, variables)
    if script is None and not model:
        raise UsageError(
            "capture needs an entry script, a model, or both.", hint="For example: capture score.py --model diabetes"
        )
    environment = find_environment(ws, "captured", (), None, None, None, None, (), from_python)
    config = InferenceConfig(script, source_directory=source_directory) if script else None
    with notebook.files if notebook else nullcontext():
        found = look_up_all(ws, model, report, variables)
        known, new = told_apart(found)
        more = modules_of_new(new)
        source = config.as_source() if config else made_source(ws, found) or AppSource(CELL_SCRIPT, content=b"")
    recipe = Recipe(
        "captured",
        needs_of(environment),
        tuple(one.part() for one in known),
        source,
        platform_of(environment),
    )
    recipe = with_kernel(recipe, environment, ws.store, more)
    return Capture(recipe.needs.captured, lock_of(recipe, report).text if format == "pylock" else "")
