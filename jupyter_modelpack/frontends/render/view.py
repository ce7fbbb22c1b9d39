"""What a front end shows, before it is text or HTML: so that the two are twins by construction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Tone = Literal["", "muted", "good", "warn", "bad"]

# Everything that moves a cursor, colours a terminal or reorders a line: C0 and C1 controls but tab
# and newline, and the bidirectional and invisible format characters of Unicode.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def visible(text: str, *, lines: bool = False) -> str:
    """Return `text` with control characters as visible escapes; newlines stay only when `lines`."""
    text = _UNSAFE.sub(lambda found: found.group().encode("unicode_escape").decode(), text)
    return text if lines else text.replace("\n", "\\n").replace("\t", " ")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of words."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """Names with values, one a line."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; `tones` colours whole rows, `empty` stands when there are none."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    tones: tuple[Tone, ...] = ()
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that keep their spaces: a log, JSON."""

    text: str


Part = Line | Fields | Table | Block
View = tuple[Part, ...]
