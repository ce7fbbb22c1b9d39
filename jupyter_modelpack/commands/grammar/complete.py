"""What could be typed next, from the declarations and the names this machine knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import cast

from jupyter_modelpack.commands.grammar.option import Completes, Option, Place
from jupyter_modelpack.commands.grammar.verbs import options, verbs

Names = Callable[[Completes], Iterable[str]]
"""Gives the names of a kind that exist now."""


def complete(words: Sequence[str], fragment: str, place: Place, names: Names) -> list[str]:
    """Return what `fragment` could become.

    Args:
        words: What stands before it, the verb first; empty when the verb itself is being typed.
        fragment: What is typed of the word so far; may be empty.
        place: Where it is typed.
        names: Asked for models, services and the like, only when those could come next.

    """
    if not words:
        found: Iterable[str] = (verb.name for verb in verbs(place))
    elif fragment.startswith("-"):
        known = options(words[0], place)
        found = (option.flags[0] for option in known if option.flags and not _used_up(option, words))
    else:
        found = _values(options(words[0], place), words, names)
    return sorted({word for word in found if word.startswith(fragment)})


def _used_up(option: Option, words: Sequence[str]) -> bool:
    return not option.many and any(flag in words for flag in option.flags)


def _values(known: Sequence[Option], words: Sequence[str], names: Names) -> Iterable[str]:
    option = _open_option(known, words)
    if option is None:
        option = _position(known, words)
    if option is None:
        return (flag.flags[0] for flag in known if flag.flags and not _used_up(flag, words))
    if option.completes == "kind":
        return names(cast("Completes", words[1]))
    return option.choices or (names(option.completes) if option.completes else ())


def _position(known: Sequence[Option], words: Sequence[str]) -> Option | None:
    """Return the positional argument whose value would come next; behind a choice, the one after it."""
    positions = [option for option in known if not option.flags]
    if len(positions) > 1 and words[1:] and words[1] in positions[0].choices:
        return positions[1]
    return positions[0] if positions else None


def _open_option(known: Sequence[Option], words: Sequence[str]) -> Option | None:
    """Return the option whose value would come next, if there is one."""
    for distance, word in enumerate(reversed(words)):
        if word.startswith("-"):
            option = next((option for option in known if word in option.flags), None)
            takes = option is not None and option.kind != "flag" and (option.many or distance == 0)
            return option if takes else None
    return None
