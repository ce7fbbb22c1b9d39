"""Check whether a workspace's registry answers at its endpoint.

The request is a challenge that only the registry can answer, without sending the password: another program on
our port, even a malicious one of another user, learns nothing.
"""

from __future__ import annotations

import base64
import enum
import hmac
import secrets

from jupyter_modelpack.registry.server.endpoint import Endpoint

SECONDS = 5.0
"""Seconds a registry on loopback may take to answer; it takes a millisecond."""


class Presence(enum.Enum):
    """What answers at an endpoint."""

    NOBODY = "nobody"
    OURS = "ours"
    ANOTHER_WORKSPACE = "the registry of another workspace"
    STRANGER = "another program"


def ask_to_leave(endpoint: Endpoint) -> bool:
    """Ask the workspace's registry at the endpoint to end; return whether it does.

    One that was started in the background ends after its running transfers; one in the foreground stays. The
    password is sent, so call this only when `who_answers` says that the registry is ours.
    """
    from http.client import HTTPConnection, HTTPException  # noqa: PLC0415 - as below

    from jupyter_modelpack.registry.server.server import LEAVE  # noqa: PLC0415

    connection = HTTPConnection(endpoint.host, endpoint.port, timeout=SECONDS)
    pair = base64.b64encode(f"{endpoint.username}:{endpoint.password.reveal()}".encode()).decode()
    try:
        connection.request("POST", LEAVE, headers={"Authorization": f"Basic {pair}", "Content-Length": "0"})
        return connection.getresponse().status == 202
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def who_answers(endpoint: Endpoint) -> Presence:
    """Send one challenge to the endpoint."""
    from http.client import HTTPConnection, HTTPException  # noqa: PLC0415 - 10 ms that `import` need not pay

    from jupyter_modelpack.registry.server.server import CHALLENGE, PROOF  # noqa: PLC0415

    challenge = secrets.token_hex(16)
    connection = HTTPConnection(endpoint.host, endpoint.port, timeout=SECONDS)
    try:
        connection.request("GET", "/v2/", headers={CHALLENGE: challenge})
        proof = connection.getresponse().getheader(PROOF)
    except ConnectionRefusedError:
        return Presence.NOBODY
    except (OSError, HTTPException):
        return Presence.STRANGER
    finally:
        connection.close()
    if proof is None:
        return Presence.STRANGER
    known = hmac.compare_digest(proof.encode(), endpoint.prove(challenge).encode())
    return Presence.OURS if known else Presence.ANOTHER_WORKSPACE
