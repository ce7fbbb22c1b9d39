"""Refuse requests of other sites' web pages to a service that is for this computer alone.

A page of any site may post to 127.0.0.1, and reads the answer where its own name is made to mean 127.0.0.1 (DNS
rebinding). Browsers send the page's origin and the name by which they reached us.
"""

from ipaddress import IPv6Address

from ..messages import Request, Response, problem
from ..settings import Settings
from .cors import Cors

_MOST = 64
"""Most accepted Host headers that are cached."""


class Hosts:
    """The names that MODELPACK_ALLOWED_HOSTS lets in; without any, nothing is checked."""

    def __init__(self, settings: Settings, cors: Cors) -> None:
        self._names = frozenset(name.lower().encode() for name in settings.allowed_hosts)
        self._cors = cors
        self._known: set[bytes] = set()
        self.needed = bool(self._names)

    def refusal(self, request: Request) -> Response | None:
        """Answer requests of other sites' pages with 403, unless CORS is configured."""
        if not self.needed:
            return None
        headers = request.headers
        host, origin = headers.get(b"host"), headers.get(b"origin")
        if host is not None and host not in self._known and not self._learn(host):
            return _refused(f"This service does not answer to the name {host.decode('latin-1')[:200]!r}")
        if origin is not None:
            if self._cors.allows(origin) or self._is_ours(_name_of(origin.partition(b"://")[2])):
                return None
            return _refused("This service does not answer pages of other sites (AML_CORS_ORIGINS)")
        if headers.get(b"sec-fetch-site") == b"cross-site" and not _reads(request):
            return _refused("This service does not answer pages of other sites (AML_CORS_ORIGINS)")
        return None

    def _learn(self, host: bytes) -> bool:
        name = _name_of(host)
        # Only names, not addresses, are open to DNS rebinding.
        good = self._is_ours(name) or _is_address(name)
        if good and len(self._known) < _MOST:
            self._known.add(host)
        return good

    def _is_ours(self, name: bytes) -> bool:
        # Names below localhost resolve to loopback everywhere (RFC 6761).
        return name in self._names or (name.endswith(b".localhost") and b"localhost" in self._names)


def _refused(message: str) -> Response:
    return problem(403, f"{message}; to be reached by NAME: modelpack run -e MODELPACK_ALLOWED_HOSTS=localhost,NAME.")


def _reads(request: Request) -> bool:
    """Whether a user follows a link to one of our pages, which is harmless: the linking page learns nothing."""
    follows = request.method == "GET" and request.headers.get(b"sec-fetch-mode") == b"navigate"
    return follows and not request.path.startswith(("/score", "/v2/models/"))


def _name_of(host: bytes) -> bytes:
    name = host[: host.rfind(b"]") + 1] if host.startswith(b"[") else host.partition(b":")[0]
    return name.lower().removesuffix(b".")


def _is_address(name: bytes) -> bool:
    if name.startswith(b"[") and name.endswith(b"]"):
        try:
            IPv6Address(name[1:-1].decode("latin-1"))
        except ValueError:
            return False
        return True
    parts = name.split(b".")
    return len(parts) == 4 and all(part.isdigit() and len(part) < 4 for part in parts)
