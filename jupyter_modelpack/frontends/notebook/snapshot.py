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
from jupyter_modelpack.frontends.notebook.pickle_variable import dump


def take(request: VerbCall, names: Mapping[str, Any]) -> tuple[VerbCall, Notebook]:
    """Write the variables that ``--model`` means to files; note what could be carried along.

    A variable that holds a registered `Model` means that model.
    """
    from jupyter_modelpack.api.model import Model  # noqa: PLC0415 - only who packages pays for it

    words = [
        names[word].id if isinstance(names.get(word), Model) and names[word].id else word
        for word in request.values["model"]
    ]
    ws = lookup.workspace(request.values["workspace"])
    wanted = wanted_variables(ws, words, names.__contains__)
    files: AbstractContextManager[object] = nullcontext()
    models = {}
    if wanted:
        files = folder = tempfile.TemporaryDirectory(prefix="modelpack-")
        models = {
            word: dump(word, name, names[variable], Path(folder.name)) for word, (name, variable) in wanted.items()
        }
    notebook = Notebook(models, files, Carrier(names).module)
    return replace(request, values={**request.values, "model": tuple(words)}), notebook
