"""A value as JSON that reads well in a program: short rows stay on one line, nothing invisible is left in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_WIDTH = 88
"""Longest line, where a line can be broken."""

_DEEP = 8
"""How many containers are broken into lines inside each other; what lies deeper stays on its line."""

_LAST_OF_BASIC_PLANE = 0xFFFF


def layout(value: Any, *, indent: int = 2, ascii_only: bool = False) -> str:
    """Return `value` as JSON over several lines, without a newline at the end.

    Characters that cannot be seen, those that reorder a line among them, are escapes of JSON.

    Args:
        value: What `json.loads` gives.
        indent: Spaces before what is inside a container.
        ascii_only: Whether everything beyond ASCII is an escape, for languages that read a file in whichever
            encoding the machine is set to.
    """
    return _escaped("\n".join(_Layout(" " * indent).lines(value, "", 0)), ascii_only=ascii_only)


def without(text: str, character: str) -> str:
    """Return JSON that has no `character` as such; one that only strings can hold, and that no backslash escapes."""
    return text.replace(character, _escape(character))


@dataclass(frozen=True, slots=True)
class _Layout:
    """Lines of JSON, each indented by its depth; `step` is one indentation."""

    step: str

    def lines(self, value: Any, before: str, depth: int) -> list[str]:
        """Return the lines of a value that begins behind `before`, a key or nothing."""
        indent = self.step * depth
        short = f"{indent}{before}{_short(value)}"
        if len(short) <= _WIDTH or depth == _DEEP or not value or not isinstance(value, dict | list):
            return [short]
        if isinstance(value, dict):
            parts = [self.lines(item, f"{_short(key)}: ", depth + 1) for key, item in value.items()]
            return [f"{indent}{before}{{", *_joined(parts), f"{indent}}}"]
        if any(isinstance(item, dict | list) for item in value):
            inner = _joined([self.lines(item, "", depth + 1) for item in value])
        else:
            inner = _filled([_short(item) for item in value], indent + self.step)
        return [f"{indent}{before}[", *inner, f"{indent}]"]


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _joined(parts: list[list[str]]) -> list[str]:
    for part in parts[:-1]:
        part[-1] += ","
    return [line for part in parts for line in part]


def _filled(items: list[str], indent: str) -> list[str]:
    """Return plain values side by side, as many to a line as it has space for."""
    lines, line = [], ""
    for number, item in enumerate(items):
        word = item if number == len(items) - 1 else f"{item},"
        if line and len(indent) + len(line) + 1 + len(word) > _WIDTH:
            lines.append(indent + line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, indent + line]


def _escaped(text: str, *, ascii_only: bool) -> str:
    def stays(one: str) -> bool:
        return one == "\n" or (one.isprintable() and (one.isascii() or not ascii_only))

    return "".join(one if stays(one) else _escape(one) for one in text)


def _escape(character: str) -> str:
    number = ord(character)
    if number <= _LAST_OF_BASIC_PLANE:
        return f"\\u{number:04x}"
    pair = character.encode("utf-16-be")
    return f"\\u{pair[:2].hex()}\\u{pair[2:].hex()}"
