"""What the page asks first: which version this is, and what each verb takes."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack._version import __version__
from jupyter_modelpack.commands.grammar.option import Option, Verb
from jupyter_modelpack.commands.grammar.verbs import options, verbs


def about() -> dict[str, Any]:
    """Return the version and the declarations that forms are made from."""
    return {"version": __version__, "verbs": {verb.name: _verb(verb) for verb in verbs("lab")}}


def _verb(verb: Verb) -> dict[str, Any]:
    known = [_option(option) for option in options(verb.name, "lab") if not option.presentation]
    return {"summary": verb.summary, "options": known}


def _option(option: Option) -> dict[str, Any]:
    return {
        "name": option.name,
        "help": option.help,
        "kind": option.kind,
        "default": option.default,
        "many": option.many,
        "metavar": option.metavar,
        "choices": option.choices,
        "between": option.between,
        "completes": option.completes,
    }
