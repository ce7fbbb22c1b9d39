"""Patterns of log lines that show why a service died when it wrote no exit reason."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sign:
    """A trace in a line of the log that tells a cause: pattern, sentence and remedy."""

    pattern: re.Pattern[str]
    cause: str
    remedy: str
    engine: bool = False
    """Whether only the engine's own words count, for a script may say the same of something else."""

    def read(self, text: str) -> tuple[str, str] | None:
        """Return cause and remedy if the pattern is in `text`, one line of bounded length."""
        return (self.cause, self.remedy) if self.pattern.search(text) else None


def _sign(pattern: str, cause: str, remedy: str, *, engine: bool = False) -> Sign:
    return Sign(re.compile(pattern), cause, remedy, engine)


# The first that matches is reported. Python's exceptions are not among them: the server reports those (exit_reason.py).
SIGNS = (
    _sign(
        r"(?i)address already in use",
        "its port was taken by another program in the same moment.",
        "Run it again, with --port 0 for a free port.",
        engine=True,
    ),
    _sign(
        r"exec format error",
        "the image is for another processor than this machine's.",
        "Package it for this platform, or run it on a machine it was made for.",
    ),
    _sign(
        r"^MemoryError\b|std::bad_alloc|Cannot allocate memory",
        "it ran out of memory.",
        "Give it more memory, or run fewer workers (WORKER_COUNT).",
    ),
    _sign(
        r"(?i)executable file not found|exec .*: no such file or directory",
        "the image's start command is not in the image.",
        "Check the image: it may not be one that was packaged here.",
    ),
)
