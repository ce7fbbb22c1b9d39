"""Lines of text that comes in pieces, each of bounded length."""

from __future__ import annotations

from jupyter_modelpack.limits import LINE_BYTES


class Lines:
    """Puts lines together; of one that is longer than `longest` bytes the rest is counted and dropped."""

    def __init__(self, longest: int = LINE_BYTES) -> None:
        self._longest = longest
        self._begun = bytearray()
        self._dropped = 0

    def feed(self, piece: bytes) -> list[str]:
        """Take a piece; return the lines that it ends."""
        *lines, rest = piece.split(b"\n")
        found = []
        for line in lines:
            self._add(line)
            found.append(self._taken())
        self._add(rest)
        return found

    def rest(self) -> list[str]:
        """Return the last line, where no newline has ended it."""
        return [self._taken()] if self._begun else []

    def _add(self, part: bytes) -> None:
        fits = part[: self._longest - len(self._begun)]
        self._begun += fits
        self._dropped += len(part) - len(fits)

    def _taken(self) -> str:
        text = self._begun.rstrip(b"\r").decode("utf-8", "replace")
        if self._dropped:
            text += f" ... {self._dropped} more bytes"
        self._begun, self._dropped = bytearray(), 0
        return text
