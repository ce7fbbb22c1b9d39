"""The words of help, made from the declarations; the same for the magic and the command line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from jupyter_modelpack.commands.grammar.option import Option, Place, Verb
from jupyter_modelpack.commands.grammar.verbs import options, verbs

WIDTH = 96

CELL_EXAMPLES = (
    "package --model diabetes --pip scikit-learn --name diabetes-service",
    "package --model regression --sample X_test[:2] --dry-run",
    "package --model model.pkl --requirements requirements.txt --as package",
)
"""Above a cell, whose text is the script; variables of the notebook may be named."""

_PREFIX: dict[Place, str] = {"shell": "modelpack ", "line": "%modelpack ", "cell": "%%", "lab": ""}


def overview(place: Place) -> str:
    """Return what all verbs do, grouped, with a first example."""
    known = verbs(place)
    prefix = _PREFIX[place]
    lines = [
        "Turn a model and a scoring script into a container image that serves POST /score.",
        "",
        f"usage: {prefix}VERB [options]",
    ]
    column = max(len(verb.name) for verb in known) + 4
    for group in dict.fromkeys(verb.group for verb in known):
        lines += ["", f"{group}:"]
        lines += [f"  {verb.name:<{column}}{verb.summary}" for verb in known if verb.group == group]
    lines += ["", "A first service, from a saved model to an answer:"]
    first = ("register", "package", "run", "score", "kill")
    lines += [f"  {prefix}{verb.examples[0]}" for name in first for verb in known if verb.name == name]
    lines += ["", f"{prefix}VERB --help explains a verb."]
    if place == "shell":
        lines += ["Exit codes: 0 done, 2 wrong input, 3 not found, 4 in the way, 5 not to be trusted, 6 unavailable,"]
        lines += ["7 denied, 8 the build or the service failed, 130 cancelled, 1 anything else."]
    return "\n".join(lines)


def explain(verb: Verb, place: Place) -> str:
    """Return how to use one verb: usage, options, examples."""
    known = options(verb.name, place)
    prefix = _PREFIX[place]
    positional = [option for option in known if not option.flags]
    named = [option for option in known if option.flags]
    usage = " ".join([f"usage: {prefix}{verb.name}", *(option.shown for option in positional), "[options]"])
    lines = [usage, "", f"{verb.summary}."]
    if positional:
        lines += ["", *_table((option.metavar, option.help) for option in positional)]
    lines += ["", "options:", *_table((_left(option), _right(option)) for option in named)]
    examples = [example for example in verb.examples if place != "cell"]
    if place == "cell":
        lines += ["", "The cell is the entry script: it defines init() and run(data), and is not run in the kernel."]
        examples = list(CELL_EXAMPLES)
    if examples:
        lines += ["", "examples:", *(f"  {prefix}{example}" for example in examples)]
    return "\n".join(lines)


def _left(option: Option) -> str:
    long, *short = option.flags
    value = "" if option.kind == "flag" else f" {option.metavar}{' ...' if option.many else ''}"
    return f"{', '.join([*short, long])}{value}"


def _right(option: Option) -> str:
    notes = []
    if option.choices:
        notes.append(", ".join(option.choices))
    if (
        option.kind != "flag"
        and option.default not in (None, (), option.help)
        and str(option.default) not in option.help
    ):
        notes.append(f"default {option.default}")
    if option.many:
        notes.append("may be repeated")
    return f"{option.help} ({'; '.join(notes)})" if notes else option.help


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    lines: list[str] = []
    for left, right in rows:
        wrapped = textwrap.wrap(right, WIDTH - 34)
        first = f"  {left:<32}"
        if len(left) > 30:
            lines.append(first)
            first = " " * 34
        lines.append(f"{first}{wrapped[0]}")
        lines += [f"{'':<34}{line}" for line in wrapped[1:]]
    return lines
