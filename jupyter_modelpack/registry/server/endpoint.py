"""Address and password of a workspace's own registry.

Created once for a workspace and kept, since saved Dockerfiles name the address.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import secrets
import socket
from dataclasses import dataclass
from typing import Self

from jupyter_modelpack.errors import Unavailable, Untrusted
from jupyter_modelpack.oci.manifest import parse_object
from jupyter_modelpack.record_format import FIELD, check_format
from jupyter_modelpack.redact import Secret

HOST = "127.0.0.1"
USERNAME = "modelpack"

_FORMAT = 1

PORTS = range(20_000, 30_000)
"""Outside the ports systems give to outgoing connections (Linux from 32768, others from 49152) and to
Kubernetes node ports (from 30000), so that other programs rarely take ours."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address, user name and password of an embedded registry."""

    host: str
    port: int
    username: str
    password: Secret

    @classmethod
    def create(cls) -> Self:
        """Choose a free port and a password."""
        ports = list(PORTS)
        secrets.SystemRandom().shuffle(ports)
        for port in ports:
            with contextlib.suppress(OSError), socket.socket() as probe:
                probe.bind((HOST, port))
                return cls(HOST, port, USERNAME, Secret(secrets.token_urlsafe(24)))
        raise Unavailable(f"No port between {PORTS.start} and {PORTS.stop} is free on {HOST}.", code="no-port")

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read what `to_json` wrote.

        Raises:
            Untrusted: it is something else.
            Conflict: a newer modelpack has written it.
        """
        try:
            fields = parse_object(data, "file registry.json")
        except Untrusted as error:
            raise Untrusted(error.message, hint=_RENEW, code="bad-endpoint") from error
        check_format(fields, _FORMAT, "registry.json of the workspace")
        try:
            found = cls(HOST, fields["port"], fields["username"], Secret(fields["password"]))
        except (KeyError, TypeError) as error:
            raise Untrusted(f"registry.json cannot be read: {error!r}.", hint=_RENEW, code="bad-endpoint") from error
        strings = isinstance(found.username, str) and isinstance(fields["password"], str)
        if not strings or type(found.port) is not int or not 0 < found.port < 1 << 16 or not found.password:
            raise Untrusted("registry.json has no port, user name and password.", hint=_RENEW, code="bad-endpoint")
        return found

    def to_json(self) -> bytes:
        """Return the bytes to keep; they hold the password, so keep them private."""
        fields = {FIELD: _FORMAT, "port": self.port, "username": self.username, "password": self.password.reveal()}
        return json.dumps(fields, indent=1).encode() + b"\n"

    @property
    def address(self) -> str:
        """``host:port``, as ``docker login`` takes it and as image names begin."""
        return f"{self.host}:{self.port}"

    def prove(self, challenge: str) -> str:
        """Answer a challenge, which proves knowledge of the password without sending it."""
        return hmac.new(self.password.reveal().encode(), challenge.encode(), hashlib.sha256).hexdigest()


_RENEW = "Delete it to get a new address and password; Dockerfiles saved before name the old ones."
