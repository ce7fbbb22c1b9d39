"""A typed line as words, with JSON left whole."""

from __future__ import annotations

import io
import json
import shlex

from jupyter_modelpack.errors import UsageError

_JSON = json.JSONDecoder()


def split(line: str) -> list[str]:
    """Split a line as a shell would, but take a JSON object or list that stands alone as one word.

    So ``score {"data": [[1, 2]]}`` needs no quotes in a notebook, where no shell would eat them.
    """
    words: list[str] = []
    rest = line.strip()
    while rest:
        if rest[0] in "{[":
            end = _json_end(rest)
            if end:
                words.append(rest[:end])
                rest = rest[end:].lstrip()
                continue
        word, rest = _word(rest)
        words.append(word)
    return words


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
