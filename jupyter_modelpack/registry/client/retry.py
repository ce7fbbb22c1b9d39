"""Retry policy for requests to registries."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from jupyter_modelpack.errors import Unavailable
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import RETRY_AFTER_SECONDS

STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Status codes that are worth a retry."""


class Again(Exception):
    """A try failed with an error that may be temporary.

    Attributes:
        reason: What happened, as the end of a sentence.
        after: Seconds the registry asks us to wait, or None.

    """

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after


@dataclass(frozen=True, slots=True)
class Policy:
    """Five tries, 1-2-4-8 seconds apart give or take a fifth, five minutes at most (promises.md F5)."""

    tries: int = 5
    first: float = 1.0
    seconds: float = 300.0


class Retry:
    """The tries of one thing.

    Args:
        policy: How often, how long.
        report: Asked whether to go on while time passes.
        what: The thing, as the beginning of a sentence: ``Reading x from y``.

    """

    def __init__(self, policy: Policy, report: Reporter, what: str) -> None:
        self._policy, self._report, self._what = policy, report, what
        self._failed = 0
        self._deadline = time.monotonic() + policy.seconds

    def wait(self, again: Again) -> None:
        """Wait before the next try; raise `Unavailable` when there is none."""
        self._failed += 1
        pause = self._policy.first * 2 ** (self._failed - 1) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        if again.after is not None:
            pause = max(again.after, 0.0)
        too_long = pause > RETRY_AFTER_SECONDS or time.monotonic() + pause > self._deadline
        if self._failed >= self._policy.tries or too_long:
            times = "once" if self._failed == 1 else f"{self._failed} times"
            asked = f"; the registry asks to wait {again.after:.0f} seconds" if again.after else ""
            raise Unavailable(
                f"{self._what} failed {times}: {again.reason}{asked}.",
                hint="Try again later: what was transferred whole stays.",
                code="registry-busy",
                retry=True,
            ) from again
        self._report.wait(pause)

    def progressed(self) -> None:
        """Reset the count of tries: the last one made progress."""
        self._failed = 0
        self._deadline = time.monotonic() + self._policy.seconds


def retry_after(text: str | None) -> float | None:
    """Read a Retry-After header (RFC 9110, 10.2.3), seconds or a date, as seconds from now."""
    if not text:
        return None
    if text.strip().isascii() and text.strip().isdecimal():
        return float(text[:12])
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (date - datetime.now(UTC)).total_seconds() if date.tzinfo else None
