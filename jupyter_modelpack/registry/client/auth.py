"""Answer a registry's authentication challenge: Basic, or Bearer with a token of a token server.

Sources: distribution's token and OAuth2 specifications, RFC 9110 section 11. A header made here goes to
the registry only; `url_policy` decides which token servers may be asked.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from jupyter_modelpack.errors import Denied, Unavailable, Untrusted
from jupyter_modelpack.limits import TOKEN_BYTES
from jupyter_modelpack.registry.client.credentials import unreadable
from jupyter_modelpack.registry.client.url_policy import Origin, check_realm, split_url

if TYPE_CHECKING:
    from jupyter_modelpack.registry.client.credentials import RegistryCredentials
    from jupyter_modelpack.registry.client.transport import Transport

_SCHEME = re.compile(r"(?:^|,)\s*(basic|bearer)(?=\s|,|$)", re.IGNORECASE)
_PARAMETER = re.compile(r'(?<![a-zA-Z_])([a-zA-Z_]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')


def parse_challenges(header: str) -> dict[str, dict[str, str]]:
    """Read a WWW-Authenticate header: parameters by scheme, both in lower case."""
    found = list(_SCHEME.finditer(header))
    ends = [*(match.start() for match in found[1:]), len(header)][: len(found)]
    return {
        match[1].lower(): {
            name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(header[match.end() : end])
        }
        for match, end in zip(found, ends, strict=True)
    }


class Authenticator:
    """Authenticates requests to one registry.

    Args:
        registry: The host that sends the challenges.
        find: Looks up credentials, once, at the first challenge.
        transport: Sends requests for tokens.

    """

    def __init__(self, registry: Origin, find: Callable[[], RegistryCredentials | None], transport: Transport) -> None:
        self._registry, self._find, self._transport = registry, find, transport
        self._credentials: RegistryCredentials | None = None
        self._searched = False
        self._headers: dict[str, str] = {}
        self._lock = threading.Lock()

    def header(self, scope: str) -> dict[str, str]:
        """Return the Authorization header for `scope`; empty before the first challenge."""
        with self._lock:
            known = self._headers.get(scope) or self._headers.get("")
        return {"Authorization": known} if known else {}

    def answer(self, challenge: str, scope: str, tried: Mapping[str, str]) -> None:
        """Handle a 401 challenge; raise `Denied` when nothing but what was `tried` can be sent."""
        with self._lock:
            known = self._headers.get(scope) or self._headers.get("")
            if known and tried.get("Authorization") != known:
                return  # another thread has handled the challenge meanwhile
            offered = parse_challenges(challenge)
            if "bearer" in offered:
                self._headers[scope] = f"Bearer {self._token(offered['bearer'], scope)}"
            elif "basic" in offered and not known:
                self._headers[""] = _basic(self._need_credentials())
            else:
                raise self.refused()

    def _credentials_or_none(self) -> RegistryCredentials | None:
        if not self._searched:
            self._credentials, self._searched = self._find(), True
        return self._credentials

    def _need_credentials(self) -> RegistryCredentials:
        found = self._credentials_or_none()
        if found is None:
            raise Denied(
                f"The registry {self._name} asks for a user name and password, and none are known.",
                hint=f"{_broken()}Run `docker login {self._name}` (or `podman login`) first.",
                code="login-needed",
            )
        return found

    def refused(self) -> Denied:
        """Describe a rejected login."""
        known = self._credentials
        who = "without a password" if known is None else f"as {known.username or 'this user'}"
        return Denied(
            f"The registry {self._name} refuses us {who}.",
            hint=f"{'' if known else _broken()}Check the name, and run `docker login {self._name}` again.",
            code="login-refused",
        )

    def _token(self, challenge: Mapping[str, str], scope: str) -> str:
        credentials = self._credentials_or_none()
        realm = check_realm(challenge.get("realm", ""), self._registry, with_credentials=credentials is not None)
        query = {"service": challenge.get("service", ""), "scope": scope}
        parts = split_url(realm)
        if credentials and credentials.identity_token:
            form = {
                **query,
                "grant_type": "refresh_token",
                "client_id": "jupyter_modelpack",
                "refresh_token": credentials.identity_token.reveal(),
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            response = self._transport.send("POST", realm, headers, urlencode(form).encode())
        else:
            # Several scopes are several parameters.
            pairs = [("service", query["service"]), *(("scope", one) for one in scope.split())]
            joined = "&".join(filter(None, [parts.query, urlencode([pair for pair in pairs if pair[1]])]))
            headers = {"Authorization": _basic(credentials)} if credentials else {}
            response = self._transport.send("GET", parts._replace(query=joined, fragment="").geturl(), headers)
        if response.status_code in {401, 403}:
            self._transport.release(response)
            raise self.refused()
        if response.status_code != 200:
            self._transport.release(response)
            raise Unavailable(
                f"The token server of {self._name}, {urlsplit(realm).netloc}, answered {response.status_code}.",
                code="no-token",
            )
        body = self._transport.read_all(response, TOKEN_BYTES, "The token server's answer")
        try:
            document = json.loads(body)
            token = document.get("token") or document.get("access_token")
        except (ValueError, AttributeError, RecursionError) as error:
            raise Untrusted(f"The token server of {self._name} did not answer with JSON.", code="bad-token") from error
        if not isinstance(token, str) or not re.fullmatch(r"[!-~]+", token):
            raise Untrusted(f"The token server of {self._name} gave no token.", code="bad-token")
        return token

    @property
    def _name(self) -> str:
        scheme, host, port = self._registry
        return host if port == {"http": 80, "https": 443}[scheme] else f"{host}:{port}"


def _broken() -> str:
    """Return a sentence about login files that cannot be read."""
    found = ", ".join(map(str, unreadable()))
    return f"Logins may be kept in {found}, which cannot be read: mend or remove it. " if found else ""


def _basic(credentials: RegistryCredentials) -> str:
    pair = f"{credentials.username}:{credentials.password.reveal()}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
