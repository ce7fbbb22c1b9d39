"""What completes in a notebook cell: our options and the names this machine knows."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable

from jupyter_modelpack import opened
from jupyter_modelpack.commands.grammar.complete import complete
from jupyter_modelpack.commands.grammar.option import Completes, Place
from jupyter_modelpack.commands.suggestions import names

_LINE = re.compile(r"\s*(?:[\w.]+\s*=\s*)?%modelpack\s+(?P<rest>.*)")
_CELL = re.compile(r"%%package\s+(?P<rest>.*)")


def suggest(line: str, line_number: int) -> tuple[list[str], str] | None:
    """Return what fits at the end of `line`, with the fragment it would replace.

    Args:
        line: The line up to the cursor.
        line_number: Its number in the cell; a cell magic is in the first one.

    Returns:
        None when the line is not ours, so that others may answer.

    """
    place: Place = "line"
    found, words = _LINE.fullmatch(line), []
    if found is None:
        if line_number or (found := _CELL.fullmatch(line)) is None:
            return None
        place, words = "cell", ["package"]
    rest = found["rest"]
    *before, fragment = rest.split(" ")
    words += [word for word in before if word]
    return complete(words, fragment, place, lambda kind: _names(kind, fragment)), fragment


def _names(kind: Completes, fragment: str) -> Iterable[str]:
    if kind != "path":
        last = opened.last()
        return names(kind, str(last) if last else None)
    found = glob.glob(f"{glob.escape(fragment)}*")  # noqa: PTH207 - keeps the fragment as it was typed
    return [f"{path}{os.sep}" if os.path.isdir(path) else path for path in found]  # noqa: PTH112
