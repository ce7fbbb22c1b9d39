"""What an option and a verb are, as data: parser, completion, help and forms are made from these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

Place = Literal["shell", "line", "cell", "lab"]
"""Where a verb is said: ``modelpack run`` in a shell, ``%modelpack run`` in a line, ``%%package`` above a cell, a form
in JupyterLab."""

Kind = Literal["text", "flag", "number", "pair"]
"""What a value is; a pair is ``KEY=VALUE``."""

Completes = Literal["", "model", "package", "service", "path", "engine", "workspace", "environment", "verb", "kind"]
"""What the value names, so that a front end can propose it; `kind`: what the word before it says."""

Value = str | int | float | bool | None | tuple[str, ...]

EVERYWHERE: frozenset[Place] = frozenset({"shell", "line", "cell", "lab"})
NOTEBOOK: frozenset[Place] = frozenset({"line", "cell"})
CELL: frozenset[Place] = frozenset({"cell"})
SHELL: frozenset[Place] = frozenset({"shell"})
NO_CELL: frozenset[Place] = frozenset({"shell", "line", "lab"})


_KINDS: dict[Any, Kind] = {bool: "flag", int: "number", int | None: "number"}
"""By the type of a parameter, what its value is; else the declaration says so."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option or positional argument, as the signature of a verb's function declares it.

    ``port: Annotated[int, Option("Port on this machine", metavar="PORT")] = 6789`` says everything: the parameter
    gives what stands last in this class.

    Attributes:
        help: One line for people, without a full stop.
        short: ``-p``, if there is such a flag.
        positional: Whether it has no flag; it always may be left out.
        kind: What its value is; `flag` and `number` follow from the parameter's type.
        metavar: What stands for the value in the help.
        choices: The values there are, when they are few.
        between: The least and the greatest number there may be; only for numbers.
        completes: What its value names.
        places: Where it can be typed.
        presentation: Whether it only says how the front end shows or keeps the result, and never reaches the verb.
        name: The parameter's name.
        flags: ``("--port", "-p")``, made from the name; none for a positional argument.
        default: What the verb gets when it is not given.
        many: Whether it takes several values, and may be repeated; the parameter is a tuple then.

    """

    help: str
    short: str = ""
    positional: bool = False
    kind: Kind = "text"
    metavar: str = "TEXT"
    choices: tuple[str, ...] = ()
    between: tuple[int, int] = (0, 1 << 31)
    completes: Completes = ""
    places: frozenset[Place] = EVERYWHERE
    presentation: bool = False
    name: str = ""
    flags: tuple[str, ...] = ()
    default: Value = None
    many: bool = False

    def of(self, name: str, value: Any, default: Value) -> Option:
        """Return this option with what the parameter says: its name, the type of its value, its default."""
        flag = f"--{name.replace('_', '-')}"
        return replace(
            self,
            name=name,
            flags=() if self.positional else (flag, self.short) if self.short else (flag,),
            kind=_KINDS.get(value, self.kind),
            default=default,
            many=value == tuple[str, ...],
        )

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
        name: As it is typed; also the name of its function, and of that function's module in
            `jupyter_modelpack.commands`, which is imported when the verb is used.
        summary: One line for people, without a full stop.
        group: Heading it stands under in the help.
        examples: What one could type after ``modelpack``.
        places: Where it can be typed.
    """

    name: str
    summary: str
    group: str
    examples: tuple[str, ...] = ()
    places: frozenset[Place] = NO_CELL
