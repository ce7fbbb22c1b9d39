"""Text as it may go to a page: visible, bounded, never a colour code."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from jupyter_modelpack.frontends.render.view import visible

LONGEST = 2_000
"""Characters of one line that are shown; a model that logs its weights must not freeze the browser."""

T = TypeVar("T")

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def line(text: str) -> str:
    """Return one line of a log: colours gone, what is left of control characters visible, cut where too long."""
    # A progress bar draws over itself; its last state is what a terminal would show.
    text = _ANSI.sub("", text).rstrip("\r").rpartition("\r")[2]
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} ... {len(text) - LONGEST} more characters"
    return visible(text)


def data(value: T) -> T:
    """Return JSON-like data with every text in it made visible, and null for numbers that JSON has none of."""
    found: Any = value
    if isinstance(value, str):
        found = visible(value, lines=True)
    elif isinstance(value, Mapping):
        found = {visible(str(key)): data(item) for key, item in value.items()}
    elif isinstance(value, list | tuple):
        found = [data(item) for item in value]
    elif isinstance(value, float) and not math.isfinite(value):
        found = None  # as a browser writes NaN; it parses none
    return cast("T", found)
