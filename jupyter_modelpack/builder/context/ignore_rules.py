"""Match the lines of a .gitignore as git does.

Parent folders are matched before their entries: what is in an ignored folder cannot be included again. Patterns
are matched part by part, so that none takes longer than its length times the path's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_ANY = re.compile(r"\*{2,}")
"""Two stars, or more: any number of folders."""
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "digit": "0-9",
    "lower": "a-z",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One line.

    Attributes:
        parts: What each part of the path must match; None is any number of folders.
        folders: Whether folders alone match.
        back: Whether it includes what was ignored (``!``).
    """

    parts: tuple[re.Pattern[str] | None, ...]
    folders: bool
    back: bool

    def fits(self, path: Sequence[str], *, folder: bool) -> bool:
        """Whether the rule matches `path`, which is relative to its file."""
        if self.folders and not folder:
            return False
        # Which prefixes of the pattern match the path so far: one pass, however many ** there are.
        reached = self._skipping({0})
        for part in path:
            reached = self._skipping(
                {
                    at if pattern is None else at + 1
                    for at in reached
                    if at < len(self.parts)
                    for pattern in (self.parts[at],)
                    if pattern is None or pattern.fullmatch(part)
                }
            )
        return len(self.parts) in reached

    def _skipping(self, reached: set[int]) -> set[int]:
        """Add what is reached by letting a ``**`` stand for no folder; at the end it stands for one at least."""
        found = set(reached)
        for at in sorted(reached):
            here = at
            while here < len(self.parts) - 1 and self.parts[here] is None:
                here += 1
                found.add(here)
        return found


def read_rules(lines: Iterable[str]) -> list[IgnoreRule]:
    """Parse the lines of a .gitignore into rules, in their order."""
    return [rule for rule in map(_rule, lines) if rule]


def _rule(line: str) -> IgnoreRule | None:
    text = _without_spaces(line)
    if not text or text.startswith("#"):
        return None
    back = text.startswith("!")
    text = text[1:] if back else text
    folders = text.endswith("/")
    text = text[:-1] if folders else text
    if not text:
        return None
    anywhere = "/" not in text
    pieces = text.removeprefix("/").split("/")
    try:
        parts = [None if _ANY.fullmatch(piece) and not anywhere else _compiled(piece) for piece in pieces]
    except ValueError:  # git ignores such a line
        return None
    if anywhere:
        parts = [None, *parts]
    elif parts[-1] is None:  # `a/**` matches what is in a, and not a itself
        parts.append(re.compile(".*", re.DOTALL))
    return IgnoreRule(tuple(_shortened(parts)), folders, back)


def _shortened(parts: Sequence[re.Pattern[str] | None]) -> list[re.Pattern[str] | None]:
    return [part for at, part in enumerate(parts) if part is not None or not at or parts[at - 1] is not None]


def _without_spaces(line: str) -> str:
    """Strip trailing spaces that no backslash escapes."""
    bare = line.rstrip(" ")
    slashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if slashes % 2 and len(bare) < len(line) else bare


def _compiled(piece: str) -> re.Pattern[str]:
    """Translate one part of a pattern; raise `ValueError` for one that is invalid in git."""
    segments, at = [""], 0
    while at < len(piece):
        char = piece[at]
        at += 1
        if char == "*":
            if segments[-1] or len(segments) == 1:
                segments.append("")
        elif char == "?":
            segments[-1] += "."
        elif char == "[":
            found, at = _set(piece, at)
            segments[-1] += found
        elif char == "\\":
            if at == len(piece):
                raise ValueError(piece)
            segments[-1] += re.escape(piece[at])
            at += 1
        else:
            segments[-1] += re.escape(char)
    first, *rest = segments
    if not rest:
        return re.compile(first, re.DOTALL)
    # What is between two stars is best taken where it comes first: nothing is gained by going back.
    middle = "".join(f"(?>.*?{segment})" for segment in rest[:-1])
    return re.compile(f"{first}{middle}.*{rest[-1]}" if rest[-1] else f"{first}{middle}.*", re.DOTALL)


def _set(piece: str, at: int) -> tuple[str, int]:
    """Translate a set of characters that begins behind its bracket; return it with where it ends."""
    begin, not_in = at, piece[at : at + 1] in {"!", "^"}
    at += not_in
    first, members = True, ""
    while at < len(piece):
        char = piece[at]
        if char == "]" and not first:
            if not members:  # a reversed range is empty
                return "." if not_in else "(?!)", at + 1
            return f"[{'^' if not_in else ''}{members}]", at + 1
        first = False
        if piece.startswith("[:", at):
            name, closed, _ = piece[at + 2 :].partition(":]")
            if closed and name in _CLASSES:
                members, at = members + _CLASSES[name], at + len(name) + 4
                continue
            raise ValueError(piece)
        char, at = _member(piece, at)
        if piece.startswith("-", at) and at + 1 < len(piece) and piece[at + 1] != "]":
            last, at = _member(piece, at + 1)
            if char <= last:
                members += f"{re.escape(char)}-{re.escape(last)}"
        else:
            members += re.escape(char)
    raise ValueError(piece[begin:])


def _member(piece: str, at: int) -> tuple[str, int]:
    if piece[at] == "\\":
        if at + 1 == len(piece):
            raise ValueError(piece)
        return piece[at + 1], at + 2
    return piece[at], at + 1
