"""Percent-encoded text: decoded in time and memory that grow with its length, and no faster."""

from urllib.parse import unquote_to_bytes

from .. import limits

_WINDOW = 8 * 1024
"""Decoded at once: the standard library takes sixty bytes for each escape."""


class TooManyFieldsError(ValueError):
    """A query or form has more fields than `limits` allows."""


def unquoted(text: bytes) -> bytes:
    """Decode `%20` and `+`."""
    text = text.replace(b"+", b" ")
    if b"%" not in text:
        return text
    pieces, start = [], 0
    while start < len(text):
        end = start + _WINDOW
        cut = text.rfind(b"%", end - 2, end)  # an escape is not cut in two
        end = cut if cut > start and end < len(text) else end
        pieces.append(unquote_to_bytes(text[start:end]))
        start = end
    return b"".join(pieces)


def pairs(query: bytes) -> list[tuple[str, str]]:
    """Return names and values of `a=1&b=2`, empty ones too; raise `TooManyFieldsError`."""
    if query.count(b"&") >= limits.FIELDS:
        raise TooManyFieldsError(f"it has more than {limits.FIELDS} fields")
    found = (part.partition(b"=") for part in query.split(b"&") if part)
    return [(_text(name), _text(value)) for name, _, value in found]


def _text(quoted: bytes) -> str:
    return unquoted(quoted).decode("utf-8", "replace")
