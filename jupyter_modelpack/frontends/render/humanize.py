"""Sizes and ages as Docker words them.

Source: the behaviour of ``docker images`` (go-units HumanSize and HumanDuration), compared with the
real program in the tests.
"""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")


def size(count: int, digits: int = 4) -> str:
    """Return bytes in decimal units with that many significant digits: ``224.3MB``."""
    value, unit = float(count), 0
    # Rounding can reach 1000 of a unit, which would come out as 1e+03.
    while float(f"{value:.{digits}g}") >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.{digits}g}{_UNITS[unit]}"


def duration(seconds: float) -> str:
    """Return a length of time in the words of ``docker images``: ``About an hour``."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole < 60:
        return "1 second" if whole == 1 else f"{whole} seconds"
    minutes = whole // 60
    if minutes < 60:
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    hours = int(seconds / 3600 + 0.5)
    if hours < 48:
        return "About an hour" if hours == 1 else f"{hours} hours"
    days = hours // 24
    if hours < 24 * 7 * 2:
        return f"{days} days"
    if hours < 24 * 30 * 2:
        return f"{days // 7} weeks"
    if hours < 24 * 365 * 2:
        return f"{days // 30} months"
    return f"{int(seconds / 3600) // 24 // 365} years"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """Return how long ago `moment` was, ``N/A`` when it is not known."""
    if moment is None:
        return "N/A"
    return f"{duration(((now or datetime.now(UTC)) - moment).total_seconds())} ago"


def short_id(digest: str) -> str:
    """Return the twelve characters by which engines show an image id."""
    return digest.removeprefix("sha256:")[:12]


def seconds(count: float) -> str:
    """Return a short length of time as people read it: ``0.4 s``, ``31 s``, ``2 min 5 s``."""
    if count < 10:
        return f"{count:.1f} s"
    if count < 60:
        return f"{count:.0f} s"
    return f"{int(count) // 60} min {int(count) % 60} s"
