"""Records of collected data: of one call, or of one value that a script collects."""

import time
from collections.abc import Sized
from typing import Any, Protocol

import orjson

from ..messages import Request, Response

HIDDEN = "[redacted]"
_LARGEST = 256 * 1024
_DEEPEST = 50
_ITEM = 32


class DataRecord(Protocol):
    """A record to write; it is converted to JSON on the writer's thread."""

    folder: str
    size: int

    def content(self, redact: frozenset[str]) -> dict[str, Any]:
        """Return the object to write, with the values of the keys in `redact` hidden."""
        ...


class CollectedCall:
    """A request with its answer. Headers are never kept: they hold keys."""

    folder = "calls"

    def __init__(self, request: Request, body: bytes, response: Response) -> None:
        self._when = time.time()
        self._milliseconds = round((time.perf_counter() - request.started) * 1000, 3)
        self._request = request
        self._sent = body
        self._response = response
        self.size = len(body) + len(response.body) + 1000

    def content(self, redact: frozenset[str]) -> dict[str, Any]:
        """Return the call as one object."""
        request, response = self._request, self._response
        ids = {name: value.decode("latin-1") for name, value in response.headers if name == b"x-ms-request-id"}
        streamed = response.stream is not None
        return {
            "time": moment(self._when),
            "request_id": ids.get(b"x-ms-request-id"),
            "path": request.path,
            "status": response.status,
            "milliseconds": self._milliseconds,
            "request": _value(self._sent, redact),
            "response": {"streamed": True} if streamed else _value(response.body, redact),
        }


class CollectedRow:
    """What a script hands to its ModelDataCollector."""

    def __init__(self, folder: str, content: dict[str, Any]) -> None:
        self.folder = folder
        self._content = {"time": moment(time.time()), **content}
        # About what it holds: to know, one would have to write it down here, while a request waits.
        self.size = 1000 + sum(_ITEM * len(value) for value in content.values() if isinstance(value, Sized))

    def content(self, redact: frozenset[str]) -> dict[str, Any]:
        """Return what was collected."""
        hidden: dict[str, Any] = hide(self._content, redact)
        return hidden


def moment(seconds: float) -> str:
    """Write a time as JSON has it."""
    whole = int(seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((seconds - whole) * 1000):03d}Z"


def _value(body: bytes, redact: frozenset[str]) -> Any:
    """Return a body as JSON. Of one that is none, or large, only its size: nobody could find in it what to hide."""
    if not body or len(body) > _LARGEST:
        return {"bytes": len(body)}
    try:
        return hide(orjson.loads(body), redact)
    except orjson.JSONDecodeError:
        return {"bytes": len(body)}


def hide(value: Any, redact: frozenset[str], depth: int = 0) -> Any:
    """Replace what stands under a key that is to be hidden, wherever it is."""
    if depth > _DEEPEST:
        return HIDDEN
    if isinstance(value, dict):
        return {
            key: HIDDEN if str(key).casefold() in redact else hide(item, redact, depth + 1)
            for key, item in value.items()
        }
    # Kinds, not items: a list of numbers has one or two.
    if isinstance(value, (list, tuple)) and any(issubclass(kind, (dict, list, tuple)) for kind in {*map(type, value)}):
        return [hide(item, redact, depth + 1) for item in value]
    return value
