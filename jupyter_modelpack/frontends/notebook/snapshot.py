"""What a package takes from the notebook, at the moment its cell begins to run."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_modelpack.commands import lookup
from jupyter_modelpack.commands.find_models import wanted_variables
from jupyter_modelpack.commands.grammar.parse import VerbCall
from jupyter_modelpack.commands.notebook_context import Notebook
from jupyter_modelpack.frontends.notebook.cell_definitions import Carrier
from jupyter_modelpack.frontends.notebook.pickle_variable import dump, method_of


def take(
    request: VerbCall, names: Mapping[str, Any], *, made: bool, types: Mapping[str, str]
) -> tuple[VerbCall, Notebook]:
    """Write the variables that stand for models to files; note what could be carried along.

    A variable that holds a registered `Model` means that model.

    Args:
        request: What the cell asks for.
        names: The notebook's variables.
        made: Whether the entry script is to be made, so that the word in its place is a model.
        types: Of the sample's columns.

    """
    from jupyter_modelpack.api.model import Model  # noqa: PLC0415 - only who packages pays for it
    from jupyter_modelpack.commands.made_script import check_one_meaning  # noqa: PLC0415 - likewise

    def meant(word: str) -> str:
        return names[word].id if isinstance(names.get(word), Model) and names[word].id else word

    values = {**request.values, "model": tuple(meant(word) for word in request.values["model"])}
    ws = lookup.workspace(values["workspace"])
    wanted = wanted_variables(ws, values["model"], names.__contains__)
    if made and values.get("script"):
        first = values["script"] = meant(values["script"])
        if first in names:
            check_one_meaning(ws, first, variable=True)
            wanted[first] = (first, first)
        elif "=" in first:
            wanted |= wanted_variables(ws, [first], names.__contains__)
    files: AbstractContextManager[object] = nullcontext()
    models = {}
    if wanted:
        files = folder = tempfile.TemporaryDirectory(prefix="modelpack-")
        models = {
            word: dump(word, name, names[variable], Path(folder.name)) for word, (name, variable) in wanted.items()
        }
    if made and "method" in values and len(wanted) == 1:
        for word, (_, variable) in wanted.items():
            values["method"] = method_of(word, names[variable], values["method"])
    return replace(request, values=values), Notebook(models, files, Carrier(names).module, types)
