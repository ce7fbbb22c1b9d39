"""Make a client program: the text of a language, filled with a service's address and a request."""

from __future__ import annotations

import importlib
import json
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

TITLES: Mapping[str, str] = {
    "python": "Python",
    "curl": "curl",
    "javascript": "JavaScript",
    "typescript": "TypeScript",
    "go": "Go",
    "csharp": "C#",
    "java": "Java",
    "r": "R",
    "powershell": "PowerShell",
}
"""Languages as people write them, by the name that is typed."""

LANGUAGES = tuple(TITLES)

KEY = "MODELPACK_KEY"
"""Environment variable with a service's key, which programs read, and `score`; an option would stay in histories."""

SECONDS = 60
"""How long a program waits for the answer, as `score` does."""

DEEPEST = 100
"""Containers inside each other that a program can show; the scoring server takes as many by default."""

_KEPT_IF = re.compile(r"@@(keys|tls|note) ")


class _Text(string.Template):
    """A program with places to fill, ``@@url``; what languages use themselves (``$``, braces) means nothing here."""

    delimiter = "@@"


@dataclass(frozen=True, slots=True)
class Call:
    """What a program is about.

    Attributes:
        target: Which package or service, for the comment at its beginning.
        url: Address to post to.
        body: What to send, as `json.loads` gives it.
        note: What is to be said of `body`, in a line; empty where it is the package's sample.
        keys: Whether the service asks for a key.
    """

    target: str
    url: str
    body: Any
    note: str = ""
    keys: bool = False

    @property
    def tls(self) -> bool:
        """Whether the service speaks TLS."""
        return self.url.startswith("https:")


@dataclass(frozen=True, slots=True)
class Language:
    """How programs of a language read.

    Attributes:
        file: Name for a program's file.
        run: What to type to run that file, or a sentence where it takes more.
        text: The program, with ``@@target``, ``@@run``, ``@@url``, ``@@body`` and ``@@note`` to fill. A line that
            begins with ``@@keys``, ``@@tls`` or ``@@note`` and a space is there only where there is such a thing.
        literal: Makes of the value to send what stands for ``@@body``.
    """

    file: str
    run: str
    text: str
    literal: Callable[[Any], str]


def language(name: str) -> Language:
    """Return the language of that name, one of `LANGUAGES`."""
    found: Language = importlib.import_module(f"jupyter_modelpack.clients.languages.{name}").LANGUAGE
    return found


def program(chosen: Language, call: Call) -> str:
    """Return the program, without a newline at its end."""
    has = {"keys": call.keys, "tls": call.tls, "note": bool(call.note)}
    lines = []
    for line in chosen.text.strip("\n").split("\n"):
        condition = _KEPT_IF.match(line)
        if condition is None:
            lines.append(line)
        elif has[condition[1]]:
            lines.append(line[condition.end() :])
    return _Text("\n".join(lines)).substitute(
        target=_plain(call.target),
        run=chosen.run,
        url=_plain(call.url),
        body=chosen.literal(call.body),
        note=_plain(call.note),
        key=KEY,
        seconds=SECONDS,
    )


def readable(text: str) -> tuple[bool, Any]:
    """Return whether `text` is JSON that a program can show, with its value."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False, None
    return _depth_within(value, DEEPEST), value


def _depth_within(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        level = [
            item
            for one in level
            if isinstance(one, dict | list)
            for item in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return True
    return False


def _plain(text: str) -> str:
    """Return words that end no comment and no string, whatever the name of a package holds."""
    return re.sub(r"[^ -~]|[\"'`\\$*<>]", "?", text)
