"""Determine the time to write into an image, from an option or SOURCE_DATE_EPOCH.

Source: the specification of that name at reproducible-builds.org.
"""

from __future__ import annotations

import datetime as dt
import os

from jupyter_modelpack.errors import UsageError

_NAME = "SOURCE_DATE_EPOCH"


NOW = "now"


def parse_time(text: str) -> dt.datetime:
    """Read a time as a user writes it: ``now``, a date, a date and time, or seconds since 1970.

    A time without a zone is UTC, so that the same text gives the same image everywhere.
    """
    try:
        if text == NOW:
            return dt.datetime.now(dt.UTC).replace(microsecond=0)
        if text.isdecimal():
            return dt.datetime.fromtimestamp(int(text), dt.UTC)
        found = dt.datetime.fromisoformat(text)
        return found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"{text[:80]!r} is no time that an image could name as its own.",
            hint="Write --created now, --created 2026-12-31, or --created 2026-12-31T18:00:00Z.",
            code="bad-time",
        ) from error


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
