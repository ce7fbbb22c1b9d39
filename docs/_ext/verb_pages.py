"""The pages of the verbs: one a verb, and the list of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields

from declared import PLACES, Declared, declared

from jupyter_modelpack.commands.grammar.option import Option

ANY_NUMBER = next(field.default for field in fields(Option) if field.name == "between")


def pages() -> dict[str, str]:
    """Return the text of each page by its name."""
    known = declared()
    return {"index": "\n".join(_list(known)), **{each.verb.name: "\n".join(_page(each)) for each in known}}


def plain(text: str) -> str:
    """Return `text` so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>|$~^#])", r"\\\1", text)


def _list(known: list[Declared]) -> Iterator[str]:
    yield "# Verbs"
    yield ""
    yield "```{include} ../_verbs.md"
    yield "```"
    for group in dict.fromkeys(each.verb.group for each in known):
        yield from ("", f"## {group}", "", "| verb | what it does |", "|---|---|")
        for each in known:
            if each.verb.group == group:
                yield f"| [{each.verb.name}]({each.verb.name}.md) | {plain(each.verb.summary)} |"
    yield from ("", "```{toctree}", ":hidden:", "", *sorted(each.verb.name for each in known), "```", "")


def _page(each: Declared) -> Iterator[str]:
    verb, positional = each.verb, [option for option, _ in each.options if not option.flags]
    yield from (f"# {verb.name}", "", f"{plain(verb.summary)}.", "", "```text")
    yield " ".join([f"modelpack {verb.name}", *(option.shown for option in positional), "[options]"])
    yield from ("```", "", f"Available {_and(PLACES[place] for place in each.places)}.", "")
    yield from ("```{program} modelpack " + verb.name, "```", "")
    for title, flagged in (("Arguments", False), ("Options", True)):
        chosen = [(option, places) for option, places in each.options if bool(option.flags) == flagged]
        if chosen:
            yield from (f"## {title}", "")
        for option, places in chosen:
            only = "" if places == each.places else f"Only {_and(PLACES[place] for place in places)}."
            yield from ("````{option} " + _shown(option), f"{plain(option.help)}. {_notes(option)} {only}".strip())
            yield from ("````", "")
    if each.examples:
        yield from ("## Examples", "", "```text", *each.examples, "```", "")


def _shown(option: Option) -> str:
    if not option.flags:
        return option.metavar
    value = "" if option.kind == "flag" else f" {option.metavar}{' ...' if option.many else ''}"
    return ", ".join(f"{flag}{value}" for flag in option.flags)


def _notes(option: Option) -> str:
    notes = []
    if option.choices:
        notes.append(f"One of {', '.join(f'`{choice}`' for choice in option.choices)}.")
    if option.kind != "flag" and option.default not in (None, (), "", option.help):
        notes.append(f"Default: `{option.default}`.")
    if option.kind == "number" and option.between != ANY_NUMBER:
        notes.append(f"From {option.between[0]} to {option.between[1]}.")
    if option.many:
        notes.append("May be repeated.")
    return " ".join(notes)


def _and(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
