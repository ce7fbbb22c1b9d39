"""Decide which hosts a registry may send us to, and which of them get credentials.

A registry is not trusted: it names the token server, redirects downloads and
says where uploads go. Credentials go to the registry itself and to a token server of the same site;
nowhere else (threat-model.md T5).
"""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import SplitResult, urljoin, urlsplit

from jupyter_modelpack.errors import Untrusted

_DEFAULT_PORT = {"http": 80, "https": 443}
_GENERIC = frozenset({"ac", "co", "com", "edu", "gov", "net", "org", "go", "ne", "or"})
"""Second-level names that are sold under country codes: ``a.co.uk`` and ``b.co.uk`` are different sites."""

Origin = tuple[str, str, int]


def split_url(url: str) -> SplitResult:
    """Take an http(s) URL apart; raise `Untrusted` for anything else, user names in it included."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise Untrusted(f"The registry named a malformed URL: {error}.", code="bad-url") from error
    if parts.scheme not in _DEFAULT_PORT or not parts.hostname or "@" in parts.netloc or re.search(r"[\s\\]", url):
        raise Untrusted("The registry named a URL that is not plain http or https.", code="bad-url")
    return parts


def origin(url: str) -> Origin:
    """Return scheme, host and port of a URL."""
    parts = split_url(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORT[parts.scheme]


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    if host == "localhost":
        return True
    address = _literal(host)
    return address is not None and address.is_loopback


def check_redirect(base: str, target: str, registry: Origin) -> str:
    """Return the target of a redirect from `base`; raise `Untrusted` when it is refused.

    Refused: from https down to http, and from a registry elsewhere to an address inside this machine or link.
    """
    url = urljoin(base, target)
    scheme, host, _port = origin(url)
    if scheme == "http" and origin(base)[0] == "https":
        raise Untrusted(f"The registry redirects from https to plain http at {host}.", code="bad-redirect")
    _refuse_inside(host, registry, "redirects")
    return url


def check_location(base: str, target: str) -> str:
    """Return the URL to upload to; raise `Untrusted` unless it is the registry's own."""
    url = urljoin(base, target)
    if origin(url) != origin(base):
        scheme, host, port = origin(url)
        raise Untrusted(
            f"The registry wants the upload sent elsewhere, to {scheme}://{host}:{port}.",
            hint="If it stands behind a proxy, its operator must set the external address it is reached by.",
            code="foreign-location",
        )
    return url


def check_realm(realm: str, registry: Origin, *, with_credentials: bool) -> str:
    """Return the token server's URL; raise `Untrusted` when it must not be asked.

    It is https, or on loopback like the registry. With credentials it is also of the registry's site.
    """
    scheme, host, _port = origin(realm)
    _refuse_inside(host, registry, "asks for a token from")
    home = is_loopback(registry[1]) and is_loopback(host)
    same = host == registry[1] and (scheme == registry[0] or scheme == "https")
    if scheme != "https" and not home and not same:
        raise Untrusted(f"The registry asks for a token from {host} over plain http.", code="foreign-realm")
    if with_credentials and not (home or same or same_site(host, registry[1])):
        raise Untrusted(
            f"The registry {registry[1]} asks to send its password to another site, {host}.",
            hint="Nothing was sent. Log out of this registry to read from it without a password.",
            code="foreign-realm",
        )
    return realm


def same_site(one: str, other: str) -> bool:
    """Whether two host names belong to one site: ``auth.`` and ``registry.example.io``."""
    if one == other:
        return True
    if _literal(one) or _literal(other):
        return False
    mine, theirs = one.lower().split("."), other.lower().split(".")
    site = mine[-2:]
    if len(site[-1]) == 2 and site[0] in _GENERIC:
        site = mine[-3:]
    return len(site) >= 2 and site[0] not in _GENERIC and theirs[-len(site) :] == site


def _refuse_inside(host: str, registry: Origin, verb: str) -> None:
    address = _literal(host) or _abbreviated(host)
    name = host.lower().removesuffix(".")
    local = f".{name}".endswith(".localhost") or (
        address and (address.is_loopback or address.is_link_local or address.is_unspecified)
    )
    if local and not is_loopback(registry[1]):
        raise Untrusted(f"The registry {verb} {host}, an address inside this machine.", code="inside-address")


def _abbreviated(host: str) -> ipaddress.IPv4Address | None:
    """Return the address that resolvers read out of ``127.1``, ``2130706433`` or ``0x7f.1``."""
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.removesuffix(".")))
    except (OSError, ValueError):
        return None


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
