"""Send HTTP requests: no automatic redirects, no netrc, every failure one of our errors.

The only module that imports `requests`; import it late. Certificates are checked against the system's
store (truststore: what the company installed counts), or against REQUESTS_CA_BUNDLE; SSL_CERT_FILE and
the proxy variables are honoured. Loopback never goes through a proxy.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Iterable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import truststore
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from jupyter_modelpack._version import __version__
from jupyter_modelpack.errors import Unavailable, Untrusted
from jupyter_modelpack.redact import scrub
from jupyter_modelpack.registry.client.retry import STATUSES, Again, retry_after
from jupyter_modelpack.registry.client.url_policy import is_loopback, origin

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
"""Seconds without any data after which a transfer counts as broken."""

COMMIT_SECONDS = 300.0
"""Seconds a registry may take to finish an upload: some move gigabytes to their store only then."""

_POOL = 8
_CA_HINT = "If your company signs its own certificates, name its bundle in REQUESTS_CA_BUNDLE or SSL_CERT_FILE."


class Transport:
    """Sends requests over a pool of connections."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False  # no netrc: passwords come from us alone
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.clear()
        self._session.headers.update(
            {"User-Agent": f"jupyter_modelpack/{__version__}", "Accept-Encoding": "identity", "Accept": "*/*"}
        )
        self._session.mount("https://", _SystemTrust(pool_maxsize=_POOL))
        self._session.mount("http://", HTTPAdapter(pool_maxsize=_POOL))
        self._reached: set[str] = set()
        self._live: set[requests.Response] = set()
        self._lock = threading.Lock()

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | Iterable[bytes] | None = None
    ) -> requests.Response:
        """Send one request; the response's body is not read yet.

        Raises:
            Again: the failure may be temporary.
            Unavailable: nothing answers at that address.
            Untrusted: the server's certificate cannot be verified.

        """
        _scheme, host, port = origin(url)
        address = f"{host}:{port}"
        proxies = {} if is_loopback(host) else get_environ_proxies(url, no_proxy=None)
        try:
            response = self._session.request(
                method,
                url,
                headers=dict(headers),
                data=body,
                stream=True,
                allow_redirects=False,
                timeout=(CONNECT_SECONDS, COMMIT_SECONDS if method == "PUT" else READ_SECONDS),
                proxies=proxies,
            )
        except requests.RequestException as error:
            raise self._failure(error, address, proxies) from error
        self._reached.add(address)
        if response.status_code in STATUSES:
            response.close()
            raise Again(
                f"it answered {response.status_code} {response.reason}"[:100],
                retry_after(response.headers.get("Retry-After")),
            )
        with self._lock:
            self._live.add(response)
        return response

    def read(self, response: requests.Response, count: int) -> bytes:
        """Read up to `count` bytes of a body, not decoded; empty at its end."""
        try:
            data: bytes = response.raw.read(count, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Again(f"the connection broke ({_reason(error)})") from error
        return data

    def read_all(self, response: requests.Response, limit: int, what: str) -> bytes:
        """Read a whole small body and release the connection."""
        try:
            data = b""
            while chunk := self.read(response, limit + 1 - len(data)):
                data += chunk
                if len(data) > limit:
                    raise Untrusted(f"{what} is larger than {limit} bytes.", code="too-large")
            return data
        finally:
            self.release(response)

    def release(self, response: requests.Response) -> None:
        """Release a response's connection."""
        with self._lock:
            self._live.discard(response)
        response.close()

    def abort(self) -> None:
        """Abort every response that is being read; called from another thread than its reader's."""
        with self._lock:
            live = list(self._live)
        for response in live:
            line = getattr(getattr(response.raw, "connection", None), "sock", None)
            if isinstance(line, socket.socket):
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def _failure(self, error: requests.RequestException, address: str, proxies: Mapping[str, str]) -> Exception:
        reason = _reason(error)
        if isinstance(error, requests.exceptions.SSLError):
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                return Untrusted(
                    f"The certificate of {address} cannot be verified: {reason}.", hint=_CA_HINT, code="bad-certificate"
                )
            return Unavailable(
                f"{address} does not speak https: {reason}.",
                hint="If it is meant to be a plain http registry, write --plain-http behind push or connect; in "
                "Python, plain_http=True.",
                code="registry-unreachable",
            )
        via = ", ".join(sorted({scrub(proxy) for proxy in proxies.values()}))
        if address not in self._reached and _nobody_there(error):
            # A wrong address or no network: retrying would not help.
            return Unavailable(
                f"Could not reach {address}{f' through the proxy {via}' if via else ''}: {reason}.",
                hint="Check the address and the network; behind a proxy, set HTTPS_PROXY.",
                code="registry-unreachable",
                retry=True,
            )
        return Again(f"the connection broke ({reason})")


class _SystemTrust(HTTPAdapter):
    """Checks certificates against the system's store instead of the list that comes with `requests`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=_context())

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=_context())

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        conn.cert_reqs = "CERT_REQUIRED"  # without a list of its own: the context has the trusted certificates


def _context() -> ssl.SSLContext:
    given = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if not given:
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if os.path.isdir(given):  # noqa: PTH112 - OpenSSL's own notion of a folder
            context.load_verify_locations(capath=given)
        else:
            context.load_verify_locations(cafile=given)
    except OSError as error:
        raise Unavailable(f"The certificates in {given} (REQUESTS_CA_BUNDLE) cannot be read: {error}.") from error
    return context


def _nobody_there(error: requests.RequestException) -> bool:
    kinds = (requests.exceptions.ProxyError, requests.exceptions.ConnectTimeout)
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, kinds) or isinstance(cause, urllib3.exceptions.NewConnectionError)


def _reason(error: BaseException) -> str:
    """Find the operating system's error below those of the libraries."""
    seen: set[int] = set()
    cause: BaseException | None = error
    reason = type(error).__name__
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, socket.gaierror):
            return "the name is not known"
        if isinstance(cause, ssl.SSLError):
            return str(getattr(cause, "verify_message", "") or cause.reason or "the handshake failed")
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        if isinstance(cause, (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)):
            reason = "no answer in time"
        elif isinstance(cause, (urllib3.exceptions.ProtocolError, urllib3.exceptions.IncompleteRead)):
            reason = "it ended early"
        inner = getattr(cause, "reason", None)
        inner = (
            inner
            if isinstance(inner, BaseException)
            else next((a for a in cause.args if isinstance(a, BaseException)), None)
        )
        cause = inner or cause.__cause__ or cause.__context__
    return reason
