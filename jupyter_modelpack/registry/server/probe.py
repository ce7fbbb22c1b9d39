"""Whether a workspace's registry answers at its endpoint.

The question is a challenge: only who knows the password can answer it, and the password does not
travel. A stranger on our port, even another user's program lying in wait there, learns nothing.
"""

from __future__ import annotations

import base64
import enum
import hmac
import secrets

from jupyter_modelpack.registry.server.endpoint import Endpoint

SECONDS = 5.0
"""How long a registry on loopback may take to answer; it takes a millisecond."""


class Presence(enum.Enum):
    """Who answers at an endpoint."""

    NOBODY = "nobody"
    OURS = "ours"
    ANOTHER_WORKSPACE = "the registry of another workspace"
    STRANGER = "another program"


def ask_to_leave(endpoint: Endpoint) -> bool:
    """Ask the workspace's registry at the endpoint to make way; return whether it does.

    One that was started in the background does, as soon as what it sends just now has arrived; one that somebody
    started on purpose stays. The password travels, so ask only when `who_answers` says that it is ours.
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
    """Ask at the endpoint with one request."""
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
