"""A form to a request: JSON values, each checked against the declaration of its option."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.commands.grammar.option import Option, Place, Value
from jupyter_modelpack.commands.grammar.parse import VerbCall, check_text, find_verb, nearest, reader
from jupyter_modelpack.commands.grammar.verbs import options
from jupyter_modelpack.errors import UsageError

MANY = 1_000
"""Most values of one option; nobody names more models than an image may have layers."""


def fill(verb: str, form: Mapping[str, Any], place: Place) -> VerbCall:
    """Read a verb whose options came as JSON; raise `UsageError` in one line when something is wrong.

    None and an empty text stand for an option that was left out, as an empty field of a form does.
    """
    found = find_verb(verb, place)
    known = {option.name: option for option in options(verb, place) if not option.presentation}
    for name in form:
        if name not in known:
            guess = nearest(name, known)
            raise UsageError(
                f"{verb} has no option {name[:80]!r}.",
                hint=f"Did you mean {guess}?" if guess else f"It has: {', '.join(known)}.",
                code="unknown-option",
            )
    given = {name: value for name, value in form.items() if value is not None and value not in ("", [])}
    values = {name: _value(option, given[name]) if name in given else option.default for name, option in known.items()}
    return VerbCall(found, values, {}, frozenset(given))


def _value(option: Option, given: Any) -> Value:
    if not option.many:
        return _one(option, given)
    if not isinstance(given, list) or len(given) > MANY:
        raise UsageError(f"{option.name} takes a list of at most {MANY} values, not {_shown(given)}.", code="bad-value")
    return tuple(str(_one(option, one)) for one in given)


def _one(option: Option, given: Any) -> Value:
    if option.kind == "flag":
        if not isinstance(given, bool):
            raise UsageError(f"{option.name} is true or false, not {_shown(given)}.", code="bad-value")
        return given
    wanted = int if option.kind == "number" else str
    if isinstance(given, bool) or not isinstance(given, wanted):
        raise UsageError(
            f"{option.name} is {'a whole number' if wanted is int else 'text'}, not {_shown(given)}.", code="bad-value"
        )
    if isinstance(given, int) and given.bit_length() > 64:  # Python itself would not write it down
        raise UsageError(f"{option.name} is a number that nothing has.", code="bad-value")
    check_text(str(given))
    try:
        value: Value = reader(option)(str(given))
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{option.name}: {error}.", code="bad-value") from error
    return value


def _shown(value: Any) -> str:
    return repr(value)[:80] if not isinstance(value, int) or value.bit_length() < 64 else "a huge number"
