"""The verbs and their options as the manual's pages need them: the one place that reads the declarations."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_modelpack.commands.grammar import help as texts
from jupyter_modelpack.commands.grammar.option import Option, Place, Verb
from jupyter_modelpack.commands.grammar.verbs import VERBS, options

PLACES: dict[Place, str] = {
    "shell": "on the command line",
    "line": "as `%modelpack` in a notebook",
    "cell": "as `%%package` above a cell",
    "lab": "in the side panel",
}
"""Where a verb can be said, in the manual's words."""


@dataclass(frozen=True)
class Declared:
    """One verb.

    Attributes:
        verb: Its declaration.
        options: What it takes, each with the places where it can be typed.
    """

    verb: Verb
    options: tuple[tuple[Option, tuple[Place, ...]], ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """Where it can be said."""
        return tuple(place for place in PLACES if place in self.verb.places)

    @property
    def examples(self) -> tuple[str, ...]:
        """What one could type, as one types it."""
        prefix = "modelpack " if "shell" in self.places else "%modelpack "
        above = tuple(f"%%{example}" for example in texts.CELL_EXAMPLES) if "cell" in self.places else ()
        return (*(f"{prefix}{example}" for example in self.verb.examples), *above)


def declared() -> list[Declared]:
    """Return every verb, in the order of the help."""
    return [Declared(verb, _options(verb)) for verb in VERBS]


def _options(verb: Verb) -> tuple[tuple[Option, tuple[Place, ...]], ...]:
    found: dict[str, tuple[Option, list[Place]]] = {}
    for place in PLACES:
        if place in verb.places:
            for option in options(verb.name, place):
                found.setdefault(option.name, (option, []))[1].append(place)
    return tuple((option, tuple(places)) for option, places in found.values())
