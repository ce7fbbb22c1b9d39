"""Refuse records on disk of a format that this modelpack does not read.

Every record that outlives a process carries its format as a number; one without it is of format 1. Caches are not
refused: what cannot be read is made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jupyter_modelpack.errors import Conflict, Untrusted

FIELD: Final = "format"
"""The field of a JSON object that holds the number. Not ``version``: models and environments have one of their own."""


def is_known(record: Mapping[str, Any], known: int) -> bool:
    """Whether a record has a format that this modelpack reads.

    Args:
        record: The JSON object.
        known: Highest format of its kind that the caller reads.

    """
    found = record.get(FIELD, 1)
    return type(found) is int and 1 <= found <= known


def check_format(record: Mapping[str, Any], known: int, what: str) -> None:
    """Refuse a record that a newer modelpack has written, or none.

    Args:
        record: The JSON object.
        known: Highest format of its kind that the caller reads.
        what: Which record it is, as the beginning of a sentence: the file's path, or a thing's name.

    Raises:
        Conflict: its format is a higher one.
        Untrusted: its format is none, as no modelpack writes it.

    """
    found = record.get(FIELD, 1)
    if type(found) is not int or found < 1:
        raise Untrusted(
            f"{what} is damaged: its format is {str(found)[:20]}, and no whole number from 1.",
            hint=f"Write {known} there, if nothing else in it was changed.",
            code="bad-format",
        )
    if not is_known(record, known):
        raise Conflict(
            f"{what} was written by a newer modelpack: its format is {str(found)[:20]}, and this one "
            f"reads formats up to {known}.",
            hint="Upgrade jupyter_modelpack in this environment, and restart what has it loaded.",
            code="newer-format",
        )
