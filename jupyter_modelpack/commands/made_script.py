"""The entry script of a package whose model came without one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from jupyter_modelpack.api.environment import Environment
from jupyter_modelpack.api.inference import InferenceConfig
from jupyter_modelpack.api.made_script import config_for, lacking, with_requirements
from jupyter_modelpack.api.model import Model
from jupyter_modelpack.api.workspace import Workspace
from jupyter_modelpack.builder.recipe import AppSource
from jupyter_modelpack.catalog.models import model_layer
from jupyter_modelpack.commands.find_models import CONTENT, VARIABLE, New
from jupyter_modelpack.commands.own_script import is_script
from jupyter_modelpack.commands.register import default_name
from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand
from jupyter_modelpack.model_kinds.content import Content, of_files, of_registered
from jupyter_modelpack.model_kinds.detect import class_of, detect


def script_and_models(
    ws: Workspace, script: str | None, model: Sequence[str], variables: Mapping[str, Path]
) -> tuple[str | None, tuple[str, ...]]:
    """Return the entry script and the models, where the word that stands for a script may be a model.

    Args:
        ws: The workspace.
        script: That word.
        model: What ``--model`` names.
        variables: By word, the file that a variable of the notebook was written to.

    Raises:
        UsageError: the word means two things.

    """
    if script is None or is_script(script):
        return script, tuple(model)
    check_one_meaning(ws, script, variable=script in variables)
    path = expand(script)
    named = str(path) if script not in variables and path.exists() else script
    # A registered model may have the name of a file: with a folder before it, only the file is meant.
    return None, (f"./{named}" if named == path.name and path.exists() and script not in variables else named, *model)


def check_one_meaning(ws: Workspace, word: str, *, variable: bool) -> None:
    """Raise `UsageError` where a word means two of: a variable, a path, a registered model.

    What was registered on the way from that same variable or path is no second meaning.
    """
    path, known, fits = expand(word), ws.models.get(word), []
    if variable:
        fits.append(f"a variable of this notebook ({word}={word})")
    if path.exists():
        fits.append(f"a {'folder' if path.is_dir() else 'file'} (./{word})")
    if known is not None:
        from_variable = variable and known.properties.get(VARIABLE) == word
        from_path = path.exists() and CONTENT in known.properties and default_name(path) == word
        if not (from_variable or from_path):
            fits.append(f"a registered model ({known.id})")
    if len(fits) > 1:
        raise UsageError(
            f"{word} is both {' and '.join(fits)}.",
            hint=f"Say which one, as it stands in brackets: --model {fits[0].rpartition('(')[2].rstrip(')')}",
            code="two-meanings",
        )


def refuse_own(method: str | None, write_script: str | None = None) -> None:
    """Raise `UsageError` for an option of made scripts beside a script of the user's own."""
    for flag, given in (("--method", method), ("--write-script", write_script)):
        if given is not None:
            raise UsageError(
                f"{flag} is for the entry script that package makes, and there is one of your own.",
                hint=f"Leave {flag} away, or the script: package model.pkl {flag} {given}",
                code="script-given",
            )


def made_config(
    ws: Workspace,
    models: Sequence[Model | New],
    environment: Environment,
    sample: str | None,
    report: Reporter,
    *,
    method: str | None = None,
    types: Mapping[str, str] | None = None,
) -> InferenceConfig:
    """Return the config with a script that serves the only one of `models`, and tell what was made.

    Args:
        ws: The workspace.
        models: What the package is to hold.
        environment: What the options say of it; what the model needs and this Python lacks is added.
        sample: One request's data, or None.
        report: Hears of the script and the requirements.
        method: What to answer by; by default, what the kind's models mostly have.
        types: By a column of the sample, the type that JSON loses, as Python writes it.

    Raises:
        UsageError: there is not one model, or none that a made script could serve.

    """
    if len(models) != 1:
        raise UsageError(
            f"package makes an entry script for one model, and there are {len(models)}."
            if models
            else "package needs a model, or an entry script: a Python file with init() and run(data).",
            hint="Write one: package score.py --model diabetes --pip scikit-learn"
            if models
            else "package model.pkl; or with a script of your own: package score.py --model model.pkl --pip NAME",
            code="no-script",
        )
    with _content(models[0], ws) as content:
        found, holds = detect(content), class_of(content)
    if found is None:
        name = models[0].name
        raise UsageError(
            f"package needs an entry script for {name}: "
            f"{f'it holds a {holds}, which' if holds else 'it'} is no kind of model that one could be made for.",
            hint=f"Write it first, with init() and run(data): package score.py --model {name} --pip PACKAGE",
            code="no-script",
        )
    found = replace(found, columns=found.columns or _has_records(sample))
    lines = lacking(found, environment) if environment.python.captured else ()
    config = config_for(found, with_requirements(environment, lines), method, types or {})
    config.sample = as_request(sample)
    name = f"{found.kind.name} {found.version}".rstrip()
    report.log(f"No entry script was named. This one was made, for {name}:")
    for line in (config.source or "").splitlines():
        report.log(f"    {line}".rstrip())
    if lines:
        report.log(f"It needs, and this Python does not have: {', '.join(lines)}")
    return config


def made_source(ws: Workspace, models: Sequence[Model | New]) -> AppSource | None:
    """Return the script that would be made for the only one of `models`; None where none would be."""
    if len(models) != 1:
        return None
    with _content(models[0], ws) as content:
        found = detect(content)
    return config_for(found, Environment("made")).as_source() if found else None


def as_request(sample: str | None) -> str | None:
    """Return a sample in the form that made scripts take: a list of rows becomes ``{"data": rows}``."""
    rows = json.loads(sample) if sample else None
    return json.dumps({"data": rows}) if isinstance(rows, list) else sample


def _has_records(sample: str | None) -> bool:
    asked = json.loads(sample) if sample else None
    rows = asked.get("data") if isinstance(asked, dict) else asked
    return isinstance(rows, list) and bool(rows) and isinstance(rows[0], dict)


def _content(model: Model | New, ws: Workspace) -> AbstractContextManager[Content]:
    if isinstance(model, New):
        return nullcontext(of_files(model_layer.gather(model.path).entries))
    return of_registered(model.part(), ws.store)
