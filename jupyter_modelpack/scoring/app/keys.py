"""Check bearer keys, one or two, so that they can be rotated without downtime."""

import hashlib
import hmac
import os

from ..messages import Request, Response, problem
from ..settings import ConfigurationError, Settings

_MOST = 2
_OPEN = frozenset({"/", "/ready", "/v2/health/live", "/v2/health/ready"})
"""Paths of probes, which need no key."""


class Keys:
    """The keys of MODELPACK_KEYS, and those in MODELPACK_KEYS_FILE at this moment."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.keys_file
        self._given = _digests(settings.keys.split(","))
        self._seen: tuple[int, int, int] | None = None
        self._of_file: list[bytes] = []
        if self._path:
            self._read()
            if not self._of_file:
                raise ConfigurationError("MODELPACK_KEYS_FILE names a file that cannot be read, or holds no key")
        self.needed = bool(self._given or self._of_file)
        if max(len(self._given), len(self._of_file)) > _MOST:
            raise ConfigurationError("MODELPACK_KEYS and MODELPACK_KEYS_FILE take two keys at most")

    def refusal(self, request: Request) -> Response | None:
        """Answer a request that brings no key, or a wrong one, with 401."""
        if not self.needed or request.path in _OPEN:
            return None
        if self._path:
            self._read()
        scheme, _, key = request.headers.get(b"authorization", b"").partition(b" ")
        given = hashlib.sha256(key.strip()).digest()
        # All keys are compared, as digests of one length, against timing attacks.
        fits = [hmac.compare_digest(given, known) for known in (*self._given, *self._of_file)]
        if any(fits) and scheme.lower() == b"bearer":
            return None
        return problem(401, "A key is needed: Authorization: Bearer <key>.", [(b"www-authenticate", b"Bearer")])

    def _read(self) -> None:
        """Read the file's keys if it has changed; keep the known ones while it is being replaced."""
        try:
            found = os.stat(self._path)  # noqa: PTH116  asked with every request
            state = (found.st_mtime_ns, found.st_size, found.st_ino)
            if state == self._seen:
                return
            with open(self._path, encoding="utf-8") as file:  # noqa: PTH123
                keys = _digests(file.read().splitlines())
        except (OSError, ValueError):
            return
        if keys:
            self._seen, self._of_file = state, keys[:_MOST] if self._seen else keys


def _digests(keys: list[str]) -> list[bytes]:
    return [hashlib.sha256(key.strip().encode()).digest() for key in keys if key.strip()]
