"""Whether a package comes with an entry script of its own, by what was typed."""

from __future__ import annotations


def is_script(word: str | None) -> bool:
    """Whether the word after `package` is an entry script; any other is a model."""
    return word is not None and word.lower().endswith(".py")


def has_own(word: str | None, cell: str | None) -> bool:
    """Whether that word or the cell is an entry script; an empty cell is none."""
    return is_script(word) or bool(cell and cell.strip())
