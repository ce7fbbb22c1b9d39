"""SOURCE_DATE_EPOCH: the time that a build is told to take for now.

Source: the specification of that name at reproducible-builds.org.
"""

from __future__ import annotations

import datetime as dt
import os

from jupyter_modelpack.errors import UsageError

_NAME = "SOURCE_DATE_EPOCH"


def source_date() -> dt.datetime | None:
    """Return the time that SOURCE_DATE_EPOCH names, or None when it is not set."""
    given = os.environ.get(_NAME)
    if not given:
        return None
    try:
        return dt.datetime.fromtimestamp(int(given), dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"{_NAME} is {given[:80]!r}, which is no time in seconds since 1970.",
            hint=f"Set it to a number, or unset {_NAME}.",
            code="bad-epoch",
        ) from error
