"""Words to a request: one parser for the magic and the command line."""

from __future__ import annotations

import argparse
import difflib
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jupyter_modelpack.commands.grammar.option import Option, Place, Value, Verb
from jupyter_modelpack.commands.grammar.verbs import options, verbs
from jupyter_modelpack.errors import UsageError


@dataclass(frozen=True, slots=True)
class VerbCall:
    """A verb with its values.

    Attributes:
        verb: What to do.
        values: One value for each option the verb's function takes.
        presentation: What the front end itself was asked for (``help``, ``json``, ``bind``, ``wait``).
        given: Names of the options that were typed, not defaulted.
    """

    verb: Verb
    values: Mapping[str, Any]
    presentation: Mapping[str, Any]
    given: frozenset[str]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message.removeprefix("argument "))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the name in `known` that `word` was probably meant to be, or an empty string."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)), "")


def find_verb(word: str, place: Place) -> Verb:
    """Return the verb named `word`; raise `UsageError` that proposes the nearest one."""
    known = {verb.name: verb for verb in verbs(place)}
    if word in known:
        return known[word]
    guess = nearest(word, known)
    raise UsageError(
        f"There is no verb {word!r}.",
        hint=f"Did you mean {guess}?" if guess else f"There are: {', '.join(known)}.",
        code="unknown-verb",
    )


def parse(words: Sequence[str], place: Place) -> VerbCall:
    """Read a verb with its options; raise `UsageError` in one line when something is wrong."""
    for word in words:
        check_text(word)
    verb = find_verb(words[0], place)
    known = options(verb.name, place)
    _check_dashes(words[1:], verb, known)
    parser = _parser(verb, known)
    # Several words may stand among options; with one only, argparse's plain way says better what is wrong.
    several = any(option.many and not option.flags for option in known)
    read = parser.parse_known_intermixed_args if several else parser.parse_known_args
    found, rest = read(list(words[1:]))
    typed = vars(found)
    if rest and not typed.get("help"):
        _unknown(next((word for word in rest if word.startswith("-")), rest[0]), verb, known)
    values: dict[str, Value] = {}
    presentation: dict[str, Value] = {}
    for option in known:
        value = typed.get(option.name, option.default)
        kept = presentation if option.presentation else values
        kept[option.name] = tuple(value) if isinstance(value, list) else value
    return VerbCall(verb, values, presentation, frozenset(typed))


def check_text(word: str) -> None:
    """Raise `UsageError` when `word` cannot be kept as UTF-8."""
    try:
        word.encode()
    except UnicodeEncodeError as error:  # bytes of the shell that are no text, as Python writes them
        raise UsageError(
            f"{word!r} is not UTF-8, and it is kept as UTF-8.",
            hint="Write it in UTF-8; rename a file whose name is not.",
            code="not-utf-8",
        ) from error


def _parser(verb: Verb, known: Iterable[Option]) -> _Parser:
    parser = _Parser(prog=verb.name, add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    for option in known:
        _add(parser, option)
    return parser


def _add(parser: _Parser, option: Option) -> None:
    if option.kind == "flag":
        parser.add_argument(*option.flags, dest=option.name, action="store_true")
        return
    how: dict[str, Any] = {"type": reader(option)}
    if not option.flags:
        read = how["type"]
        how["type"] = lambda text: text if text is argparse.SUPPRESS else read(text)  # argparse reads its own default
        parser.add_argument(option.name, nargs="*" if option.many else "?", **how)
    elif option.many:
        parser.add_argument(*option.flags, dest=option.name, action="extend", nargs="+", **how)
    else:
        parser.add_argument(*option.flags, dest=option.name, **how)


def reader(option: Option) -> Callable[[str], Any]:
    """Return what reads a value of `option`; it raises `argparse.ArgumentTypeError`, or `UsageError` with a remedy."""
    if option.choices:
        return _choice(option)
    kinds: dict[str, Callable[[str], Any]] = {"text": str, "number": _number(*option.between), "pair": _pair}
    return kinds[option.kind]


def _choice(option: Option) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in option.choices:
            guess = nearest(text, option.choices)
            raise UsageError(
                f"{[*option.flags, option.name][0]}: {text[:80]!r} is none of {', '.join(option.choices)}.",
                hint=f"Did you mean {guess}?" if guess else "",
                code="bad-value",
            )
        return text

    return read


def _number(least: int, greatest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit():
            raise argparse.ArgumentTypeError(f"{text[:80]!r} is not a whole number")
        # Beyond 4300 digits int() itself gives up.
        if len(text.lstrip("0")) > len(str(greatest)) or not least <= int(text.lstrip("0") or "0") <= greatest:
            raise argparse.ArgumentTypeError(f"{text[:80]} is not between {least} and {greatest}")
        return int(text.lstrip("0") or "0")

    return read


def _pair(text: str) -> str:
    if not text.partition("=")[1] or text.startswith("="):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return text


def as_dict(pairs: Iterable[str]) -> dict[str, str]:
    """Return ``KEY=VALUE`` texts by key; of two with one key, the later."""
    return {key: value for key, _, value in (pair.partition("=") for pair in pairs)}


def _check_dashes(words: Iterable[str], verb: Verb, known: Iterable[Option]) -> None:
    """Raise `UsageError` for a long option with one dash, which would be read as a short one with its value."""
    flags = {flag for option in known for flag in option.flags}
    for word in words:
        name, equals, value = word.partition("=")
        if len(name) > 2 and name not in flags and f"-{name}" in flags:
            raise UsageError(
                f"{verb.name} has no option {name}.",
                hint=f"Did you mean -{name}{equals}{value}?",
                code="unknown-option",
            )


def _belongs(word: str, verb: Verb, known: Sequence[Option]) -> str:
    """Return where a word belongs that stands alone beside a verb that takes models and a script."""
    if not any("--model" in option.flags for option in known):
        return ""
    if not word.endswith(".py"):
        return f"A model is named by --model: --model {shlex.quote(word)}"
    if any(option.name == "script" for option in known):
        return f"The entry script comes first, and models by --model: {verb.name} {shlex.quote(word)} --model MODEL"
    return f"The cell is the entry script; a file is packaged in a line: %modelpack {verb.name} {shlex.quote(word)}"


def _unknown(word: str, verb: Verb, known: Sequence[Option]) -> NoReturn:
    flags = [flag for option in known for flag in option.flags]
    if not word.startswith("-"):
        raise UsageError(
            f"{verb.name}: {word!r} is one word too many.",
            hint=_belongs(word, verb, known) or "A value with spaces needs quotes.",
            code="too-many-words",
        )
    name = word.partition("=")[0]
    guess = nearest(name, flags)
    raise UsageError(
        f"{verb.name} has no option {name}.",
        hint=f"Did you mean {guess}?" if guess else f"{verb.name} --help lists its options.",
        code="unknown-option",
    )
