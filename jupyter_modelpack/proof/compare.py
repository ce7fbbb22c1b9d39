"""Compare two answers to one request: row by row, numbers within a tolerance."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TOLERANCE = 1e-9
"""How far two numbers may be apart, absolutely and by their size, and still be equal."""

_SHOWN = 60
"""Characters of a value that a message shows."""

_MISSING = object()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison has found.

    Attributes:
        rows: How many rows were compared; an answer that is no list is one.
        equal: How many of them are equal.
        largest: The largest difference between two numbers in the same place; 0 where all are the same.
        difference: The first place that differs, with both values, in words; empty where all is equal.
    """

    rows: int
    equal: int
    largest: float
    difference: str = ""


def compare(wanted: str, given: str, tolerance: float = TOLERANCE) -> Comparison:
    """Compare two answers as clients get them.

    JSON is compared by value: 1 is 1.0, the order of an object's names does not count, NaN is NaN; anything else as
    text. Where the answer is a list, or an object with one list, the elements of the list are the rows.

    Args:
        wanted: What the notebook answers.
        given: What the package answers.
        tolerance: How far two numbers may be apart: so much, and so much of the larger one.
    """
    try:
        return _compare(_parsed(wanted), _parsed(given), tolerance)
    except RecursionError:  # nested deeper than a walk can follow
        return _compare(wanted, given, tolerance)


def _compare(ours: Any, theirs: Any, tolerance: float) -> Comparison:
    name = _rows_of(ours)
    if isinstance(ours, dict) and name is not None and isinstance(theirs, dict) and _is_list(theirs.get(name)):
        rest = _Walk(tolerance)
        rest.walk({**ours, name: 0}, {**theirs, name: 0}, ())
        found = _compare_rows(ours[name], theirs[name], tolerance)
        largest, difference = max(rest.largest, found.largest), rest.difference or found.difference
        return Comparison(found.rows, found.equal, largest, difference)
    if _is_list(ours) and _is_list(theirs):
        return _compare_rows(ours, theirs, tolerance)
    walk = _Walk(tolerance)
    walk.walk(ours, theirs, ())
    return Comparison(1, int(not walk.difference), walk.largest, walk.difference)


def _compare_rows(ours: Sequence[Any], theirs: Sequence[Any], tolerance: float) -> Comparison:
    equal, largest, difference = 0, 0.0, ""
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=False), 1):
        walk = _Walk(tolerance, f"row {number}")
        walk.walk(mine, other, ())
        equal += not walk.difference
        largest, difference = max(largest, walk.largest), difference or walk.difference
    if len(ours) != len(theirs):
        difference = f"the notebook answers {_counted(len(ours))}, the package {_counted(len(theirs))}"
    return Comparison(max(len(ours), len(theirs)), equal, largest, difference)


class _Walk:
    """Two values on the way down through both at once."""

    def __init__(self, tolerance: float, within: str = "") -> None:
        self._tolerance, self._within = tolerance, within
        self.largest, self.difference = 0.0, ""

    def walk(self, ours: Any, theirs: Any, path: tuple[str, ...]) -> None:
        if isinstance(ours, dict) and isinstance(theirs, dict):
            for name in dict.fromkeys((*ours, *theirs)):
                self.walk(ours.get(name, _MISSING), theirs.get(name, _MISSING), (*path, json.dumps(name)))
        elif _is_list(ours) and _is_list(theirs) and len(ours) == len(theirs):
            for number, (mine, other) in enumerate(zip(ours, theirs, strict=True), 1):
                self.walk(mine, other, (*path, f"element {number}"))
        elif _is_number(ours) and _is_number(theirs):
            apart = _apart(ours, theirs)
            self.largest = max(self.largest, apart)
            if apart and not apart <= self._tolerance * (1 + _size(ours, theirs)):
                self._differ(ours, theirs, path)
        elif type(ours) is not type(theirs) or ours != theirs:
            self._differ(ours, theirs, path)

    def _differ(self, ours: Any, theirs: Any, path: tuple[str, ...]) -> None:
        if not self.difference:
            place = ", ".join(part for part in (self._within, *path) if part)
            said = f"the notebook says {_shown(ours)}, the package {_shown(theirs)}"
            self.difference = f"{place}: {said}" if place else said


def _apart(ours: float, theirs: float) -> float:
    """Return the distance of two numbers; 0 of two NaNs, infinite where one has no finite distance to the other."""
    if ours == theirs or (_is_nan(ours) and _is_nan(theirs)):
        return 0.0
    try:
        apart = float(abs(ours - theirs))
    except OverflowError:
        return math.inf
    return math.inf if math.isnan(apart) else apart


def _size(ours: float, theirs: float) -> float:
    try:
        largest = float(max(abs(ours), abs(theirs)))
    except OverflowError:
        return 0.0
    return largest if math.isfinite(largest) else 0.0


def _is_nan(value: float) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _rows_of(answer: Any) -> str | None:
    """Return the name of the one list in an object."""
    lists = [name for name, value in answer.items() if _is_list(value)] if isinstance(answer, dict) else []
    return lists[0] if len(lists) == 1 else None


def _parsed(text: str) -> Any:
    """Return the value of JSON, or the text; of a text that holds JSON in turn, as json.dumps in run() makes, that."""
    value = _json(text)
    inner = _json(value) if isinstance(value, str) else value
    return inner if isinstance(inner, list | dict) else value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 4]} ..."


def _counted(rows: int) -> str:
    return f"{rows} row{'' if rows == 1 else 's'}"
