"""A typed line as words, with JSON and a variable's brackets left whole."""

from __future__ import annotations

import ast
import io
import json
import re
import shlex

from jupyter_modelpack.errors import UsageError

_JSON = json.JSONDecoder()
_INDEXED = re.compile(r"[^\W\d][\w.]*[\[(]")
_SPACE = re.compile(r"\s|$")


def split(line: str) -> list[str]:
    """Split a line as a shell would, but take as one word JSON that stands alone, and a variable with its brackets.

    So ``score {"data": [[1, 2]]}`` and ``score frame[["age", "bmi"]]`` need no quotes in a notebook, where no
    shell would eat theirs.
    """
    words: list[str] = []
    rest = line.strip()
    while rest:
        end = _json_end(rest) if rest[0] in "{[" else _expression_end(rest)
        if end:
            words.append(rest[:end])
            rest = rest[end:].lstrip()
        else:
            word, rest = _word(rest)
            words.append(word)
    return words


def _expression_end(text: str) -> int:
    """Return where the expression ends that `text` begins with, when it is a variable with brackets; else 0."""
    if not _INDEXED.match(text):
        return 0
    return next((space.start() for space in _SPACE.finditer(text) if _is_expression(text[: space.start()])), 0)


def _is_expression(text: str) -> bool:
    try:
        return isinstance(ast.parse(text, mode="eval").body, ast.Attribute | ast.Subscript | ast.Call)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _json_end(text: str) -> int:
    try:
        _, end = _JSON.raw_decode(text)
    except ValueError:
        return 0
    return end if end == len(text) or text[end].isspace() else 0


def _word(text: str) -> tuple[str, str]:
    stream = io.StringIO(text)
    lexer = shlex.shlex(stream, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        word = lexer.get_token()
    except ValueError as error:
        raise UsageError(
            f"The line does not end well: {str(error).lower()}.", hint="A quote that opens must close."
        ) from error
    return word or "", text[stream.tell() :].lstrip()
