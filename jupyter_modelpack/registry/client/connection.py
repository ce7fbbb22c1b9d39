"""Send requests to one registry: authenticate, follow safe redirects, retry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.limits import ERROR_BODY_BYTES, REDIRECTS
from jupyter_modelpack.oci.manifest import INDEX_TYPES, MANIFEST_TYPES
from jupyter_modelpack.oci.names import DOCKER_HUB
from jupyter_modelpack.redact import scrub
from jupyter_modelpack.registry.client.auth import Authenticator
from jupyter_modelpack.registry.client.credentials import RegistryCredentials, find_credentials
from jupyter_modelpack.registry.client.error_response import refusal
from jupyter_modelpack.registry.client.retry import Again, Policy, Retry
from jupyter_modelpack.registry.client.url_policy import check_location, check_redirect, is_loopback, origin

if TYPE_CHECKING:
    from requests import Response

T = TypeVar("T")

HUB_HOST = "registry-1.docker.io"
ACCEPT = {"Accept": ", ".join((*MANIFEST_TYPES, *INDEX_TYPES))}
_MOVED = {301, 302, 303, 307, 308}

_WARNING = re.compile(r'299 - "((?:[^"\\]|\\.)*)"')
_WARNING_BYTES = 4096
"""Characters of a warning that the specification allows."""
_WARNINGS = 20
"""Most warnings that are shown."""


class RegistryConnection:
    """A connection to one registry, safe to use from any number of threads.

    Attributes:
        host: ``host[:port]`` as in an image's name.
        base: The URL all paths are relative to.
        policy: When to retry.
        transport: Sends the requests.

    """

    def __init__(
        self, host: str, credentials: RegistryCredentials | None, plain_http: bool | None, policy: Policy | None
    ) -> None:
        from jupyter_modelpack.registry.client.transport import Transport  # noqa: PLC0415 - imports requests

        self.host = host
        address = HUB_HOST if host == DOCKER_HUB else host
        local = is_loopback(origin(f"https://{address}")[1])
        plain = local if plain_http is None else plain_http
        self.base = f"{'http' if plain else 'https'}://{address}/v2/"
        self.policy = policy or Policy()
        self.transport = Transport()
        self._origin = origin(self.base)
        self._warnings: list[str] = []
        self._warned: set[str] = set()
        self._auth = Authenticator(self._origin, lambda: credentials or find_credentials(host), self.transport)

    def read_small(
        self, path: str, scope: str, what: str, report: Reporter, limit: int = ERROR_BODY_BYTES
    ) -> tuple[Mapping[str, str], bytes]:
        """GET a small body; return it with its headers."""

        def read() -> tuple[Mapping[str, str], bytes]:
            response = self.expect({200}, self.follow("GET", path, scope, ACCEPT), what)
            return response.headers, self.transport.read_all(response, limit, f"{what}: the answer")

        return self.retrying(read, what, report)

    def head(self, path: str, scope: str, what: str, report: Reporter) -> Mapping[str, str] | None:
        """Return the headers of what is at `path`, or None when nothing is."""

        def look() -> Mapping[str, str] | None:
            response = self.follow("HEAD", path, scope, ACCEPT)
            if response.status_code != 404:
                self.expect({200}, response, what)
            self.transport.release(response)
            return response.headers if response.status_code == 200 else None

        return self.retrying(look, what, report)

    def retrying(self, action: Callable[[], T], what: str, report: Reporter) -> T:
        """Retry `action` as `policy` allows."""
        retry = Retry(self.policy, report, what)
        while True:
            report.check()
            try:
                return action()
            except Again as again:
                retry.wait(again)
            finally:
                while self._warnings:
                    report.log(f"{self.host} says: {self._warnings.pop()}")

    def follow(self, method: str, path: str, scope: str, headers: Mapping[str, str]) -> Response:
        """GET a path, following redirects without credentials."""
        url = urljoin(self.base, path)
        for _ in range(REDIRECTS + 1):
            response = self.ask(method, url, scope, headers)
            if response.status_code not in _MOVED:
                return response
            self.transport.release(response)
            url = check_redirect(url, response.headers.get("Location", ""), self._origin)
        raise Untrusted(f"{self.host} redirects more than {REDIRECTS} times.", code="bad-redirect")

    def ask(
        self,
        method: str,
        url: str,
        scope: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes] | None = None,
    ) -> Response:
        """Send one request, authenticating when challenged; credentials go to the registry itself only.

        A write is repeated after a redirect within the registry.
        """
        for _ in range(REDIRECTS + 1):
            response = self._ask(method, url, scope, headers, body)
            self._note_warnings(response)
            again = response.status_code in {307, 308} and method not in {"GET", "HEAD"}
            if not again or not (body is None or isinstance(body, bytes)):
                return response
            self.transport.release(response)
            url = check_location(url, response.headers.get("Location", ""))
        raise Untrusted(f"{self.host} redirects more than {REDIRECTS} times.", code="bad-redirect")

    def _ask(
        self,
        method: str,
        url: str,
        scope: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes] | None = None,
    ) -> Response:
        if origin(url) != self._origin:
            return self.transport.send(method, url, headers, body)
        login = self._auth.header(scope)
        response = self.transport.send(method, url, {**headers, **login}, body)
        if response.status_code != 401:
            return response
        self.transport.release(response)
        self._auth.answer(response.headers.get("WWW-Authenticate", ""), scope, login)
        if body is not None and not isinstance(body, bytes):
            raise Again("the login had to be renewed", after=0)  # the body is used up
        response = self.transport.send(method, url, {**headers, **self._auth.header(scope)}, body)
        if response.status_code == 401:
            self.transport.release(response)
            raise self._auth.refused()
        return response

    def _note_warnings(self, response: Response) -> None:
        """Keep a registry's warnings to its users (distribution specification, "Warnings"), each once."""
        for found in _WARNING.finditer(response.headers.get("Warning", "")[:_WARNING_BYTES]):
            words = re.sub(r"\\(.)", r"\1", found[1])
            shown = "".join(c if c.isprintable() else " " for c in scrub(words)).strip()
            if shown and shown not in self._warned and len(self._warned) < _WARNINGS:
                self._warned.add(shown)
                self._warnings.append(shown)

    def expect(self, statuses: set[int], response: Response, what: str) -> Response:
        """Return `response` if it is one of `statuses`, else raise what it means."""
        if response.status_code in statuses:
            return response
        body = b""
        if response.request.method != "HEAD":
            body = self.transport.read_all(response, ERROR_BODY_BYTES, f"{what}: the answer")
        self.transport.release(response)
        raise refusal(response.status_code, body, what)
