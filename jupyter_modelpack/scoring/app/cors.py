"""Cross-origin requests, allowed where AML_CORS_ORIGINS says so (azure-differences.md 7.2)."""

from ..messages import HTML, Header, Request, Response


class Cors:
    """Origins that may call; `*` allows all."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def allows(self, origin: bytes) -> bool:
        """Whether a page of that origin may call."""
        return origin in self._origins or b"*" in self._origins

    def headers(self, request: Request) -> list[Header]:
        """Return the headers for an allowed origin, and none for others."""
        origin = request.headers.get(b"origin")
        if not origin or not self.allows(origin):
            return []
        return [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]

    def is_preflight(self, request: Request) -> bool:
        """Whether the request is a preflight from an allowed origin."""
        asks = request.method == "OPTIONS" and b"access-control-request-method" in request.headers
        return asks and bool(self.headers(request))

    def preflight(self, request: Request) -> Response | None:
        """Answer a preflight request; None for any other."""
        if not self.is_preflight(request):
            return None
        answer = Response(200, b"", HTML, [(b"access-control-allow-methods", b"GET, POST")])
        wanted = request.headers.get(b"access-control-request-headers")
        if wanted:
            answer.headers.append((b"access-control-allow-headers", wanted))
        return answer
