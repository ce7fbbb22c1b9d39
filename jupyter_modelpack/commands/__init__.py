"""The verbs: they decide which workspace, engine, name and port; what is below does it, front ends show the result."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.commands.grammar.parse import VerbCall
from jupyter_modelpack.commands.grammar.verbs import function
from jupyter_modelpack.events import Reporter


def perform(request: VerbCall, report: Reporter, **more: Any) -> Any:
    """Do what `request` says and return the verb's result.

    Args:
        request: A verb with its values.
        report: Told what happens; its `cancel` ends the work.
        more: What only this front end can give, like the text of a notebook cell.

    """
    return function(request.verb.name)(report, **request.values, **more)
