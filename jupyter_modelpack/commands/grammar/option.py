"""What an option and a verb are, as data: parser, completion, help and forms are made from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Door = Literal["shell", "line", "cell", "lab"]
"""Where a verb is said: ``modelpack run`` in a shell, ``%modelpack run`` in a line, ``%%package`` above a cell, a form
in JupyterLab."""

Kind = Literal["text", "flag", "number", "pair"]
"""What a value is; a pair is ``KEY=VALUE``."""

Completes = Literal["", "model", "package", "service", "path", "engine", "workspace", "environment", "verb", "kind"]
"""What the value names, so that a front end can propose it; `kind`: what the word before it says."""

Value = str | int | float | bool | None | tuple[str, ...]

EVERYWHERE: frozenset[Door] = frozenset({"shell", "line", "cell", "lab"})
NOTEBOOK: frozenset[Door] = frozenset({"line", "cell"})
CELL: frozenset[Door] = frozenset({"cell"})
SHELL: frozenset[Door] = frozenset({"shell"})
NO_CELL: frozenset[Door] = frozenset({"shell", "line", "lab"})


@dataclass(frozen=True, slots=True)
class Option:
    """One option or positional argument.

    Attributes:
        name: The keyword that the verb's function takes.
        help: One line for people, without a full stop.
        verbs: Verbs that have it; empty means all.
        flags: ``("--model", "-m")``; none for a positional argument, which always may be left out.
        kind: What its value is.
        default: What the verb gets when it is not given.
        many: Whether it takes several values, and may be repeated.
        metavar: What stands for the value in the help.
        choices: The values there are, when they are few.
        between: The least and the greatest number there may be; only for numbers.
        completes: What its value names.
        doors: Where it can be typed.
        skin: Whether it is for the front end itself and never reaches the verb.
    """

    name: str
    help: str
    verbs: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    kind: Kind = "text"
    default: Value = None
    many: bool = False
    metavar: str = "TEXT"
    choices: tuple[str, ...] = ()
    between: tuple[int, int] = (0, 1 << 31)
    completes: Completes = ""
    doors: frozenset[Door] = EVERYWHERE
    skin: bool = False

    @property
    def shown(self) -> str:
        """How it looks in a usage line or a message: ``--model NAME``, ``[PACKAGE]``."""
        if not self.flags:
            return f"[{self.metavar}{' ...' if self.many else ''}]"
        if self.kind == "flag":
            return self.flags[0]
        return f"{self.flags[0]} {self.metavar}{' ...' if self.many else ''}"


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb.

    Attributes:
        name: As it is typed; also the name of its function.
        module: Where its function is, in `jupyter_modelpack.commands`; imported when it is used.
        summary: One line for people, without a full stop.
        group: Heading it stands under in the help.
        examples: What one could type after ``modelpack``.
        doors: Where it can be typed.
    """

    name: str
    module: str
    summary: str
    group: str
    examples: tuple[str, ...] = ()
    doors: frozenset[Door] = NO_CELL
