"""Secrets that do not print themselves.

`Secret` is the type of every password inside the package; `scrub` is the last net for text that
comes from elsewhere (URLs, logs of other programs).
"""

from __future__ import annotations

import re

MASK = "***"

# Lines of a log come from other programs, and may be long: each pattern looks at a character a few times at most.
# Up to the last @ of the authority: a password may hold an @ or a quote of its own.
_USERINFO = re.compile(r"(?P<scheme>[a-zA-Z0-9+.-]://)[^/\s]+@")
_QUERY = re.compile(
    r"(?i)(?P<key>[?&](?=[\w.-]*?(?:token|key|secret|password|signature|sig|credential))[\w.-]+=)[^&\s'\"]+"
)
_HEADER = re.compile(r"(?i)(?P<key>\b(?:authorization|x-registry-auth)\b['\"]?\s*[:=]\s*['\"]?)[^\r\n'\"]+")


class Secret:
    """A string that shows itself only when asked by `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret text; every caller of this is worth a look."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        # A pickled or deep-copied secret keeps its shape and loses its value.
        return (Secret, (MASK,))


def scrub(text: str, *secrets: Secret) -> str:
    """Return `text` with user:password in URLs, secret query values, auth headers and `secrets` masked."""
    for secret in secrets:
        if secret:
            text = text.replace(secret.reveal(), MASK)
    text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
    text = _QUERY.sub(rf"\g<key>{MASK}", text)
    return _HEADER.sub(rf"\g<key>{MASK}", text)
