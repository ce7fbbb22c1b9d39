"""The address of the remote registry that a workspace's packages go to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from jupyter_modelpack.errors import UsageError
from jupyter_modelpack.oci.names import Reference


@dataclass(frozen=True, slots=True)
class RemoteAddress:
    """Where a workspace's packages go.

    Attributes:
        address: ``host[:port]``, perhaps with the beginning of its repositories: ``registry.example.com/team``.
        plain_http: Whether to speak http to it though it is not on this machine.
    """

    address: str
    plain_http: bool = False

    @classmethod
    def parse(cls, address: str, *, plain_http: bool = False) -> Self:
        """Read an address as people write it; raise `UsageError` when it names no registry."""
        text = address.strip().rstrip("/")
        scheme, slashes, rest = text.partition("://")
        if slashes:
            raise UsageError(
                f"A registry is named without {scheme}://.",
                hint=f"Write {rest}; plain http is asked for by --plain-http, in Python by plain_http=True.",
                code="bad-registry",
            )
        if not text or not Reference.parse(f"{text}/x").registry:
            raise UsageError(
                f"{address!r} is no address of a registry.",
                hint="Write host:port or host/team: registry.example.com, localhost:5000, docker.io/me.",
                code="bad-registry",
            )
        return cls(text, plain_http)

    @classmethod
    def from_json(cls, document: Any) -> Self | None:
        """Read what `to_json` wrote; anything else is none."""
        if not isinstance(document, dict) or not isinstance(document.get("address"), str):
            return None
        return cls.parse(document["address"], plain_http=document.get("plain_http") is True)

    def to_json(self) -> dict[str, Any]:
        """Return what is kept in the workspace's description."""
        return {"address": self.address, "plain_http": self.plain_http}

    @property
    def host(self) -> str:
        """The registry's ``host[:port]``, which one logs in to."""
        return Reference.parse(f"{self.address}/x").registry

    @property
    def any_repository(self) -> str:
        """A repository there, for credentials that are kept by repository."""
        return Reference.parse(f"{self.address}/x").repository
