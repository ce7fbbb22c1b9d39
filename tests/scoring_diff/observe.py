"""An answer, reduced to what a client can tell apart."""

import json
import re
from typing import Any

from tests.scoring.service import Service
from tests.scoring_diff.case import Ask

# Of the connection and the moment, not of the answer.
_LEFT_OUT = {"date", "server", "connection", "content-length", "transfer-encoding"}
_MASKS = {
    "x-ms-server-version": r".+",
    "x-ms-run-fn-exec-ms": r"\d+(\.\d+)?",
    "x-request-id": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "x-ms-request-id": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}


def observe(service: Service, ask: Ask) -> dict[str, Any]:
    """Send one request; give status, meaning of the body, and headers."""
    body = ask.body.encode() if isinstance(ask.body, str) else ask.body
    try:
        answer = service.ask(ask.method, ask.path, body, ask.headers)
    except ConnectionError:
        return {"status": "connection lost"}
    found: dict[str, Any] = {"status": answer.status, "body": _meaning(answer.body)}
    if ask.exact:
        found["bytes"] = answer.body
    for name in sorted({name.lower() for name in answer.headers} - _LEFT_OUT):
        value = ", ".join(sorted(answer.headers.get_all(name)))
        found[name] = "*" if name in _MASKS and re.fullmatch(_MASKS[name], value) else value
    if "allow" in found:
        found["allow"] = ", ".join(sorted(found["allow"].split(", ")))
    return found


def differing(theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Give what is not the same: field -> (theirs, ours)."""
    return {
        name: (theirs.get(name), ours.get(name))
        for name in sorted({*theirs, *ours})
        if theirs.get(name) != ours.get(name)
    }


def _meaning(body: bytes) -> Any:
    try:
        # NaN is not equal to itself: let it be a word here.
        return json.loads(body, parse_constant=lambda word: f"<{word}>")
    except ValueError:
        return body
