"""One request to a service, as a client would send it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass

from jupyter_modelpack.engine.base import Service
from jupyter_modelpack.engine.ports import LOOPBACK
from jupyter_modelpack.errors import Unavailable

SCORE_SECONDS = 60.0
"""Seconds in which a model must answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered, good or bad.

    Attributes:
        headers: By lower-case name; of a repeated one the last.
        milliseconds: From connecting to the body's last byte.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: float

    @property
    def ok(self) -> bool:
        """Whether the service scored."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


def score(
    service: Service,
    body: bytes,
    *,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
    seconds: float = SCORE_SECONDS,
    most: int | None = None,
) -> Answer:
    """POST `body` to the service's scoring address; an error status is an answer, too.

    Of the answer's body no more than `most` bytes are read.

    Raises:
        Unavailable: there was no answer.

    """
    begin = time.perf_counter()
    # http.client knows no proxies, which must not stand between us and loopback.
    connection = http.client.HTTPConnection(LOOPBACK, service.port, timeout=seconds)
    try:
        connection.request("POST", "/score", body, {"Content-Type": content_type, **(headers or {})})
        response = connection.getresponse()
        content = response.read(most)
    except TimeoutError as error:
        raise Unavailable(
            f"{service.name} has not answered within {seconds:.0f} s.",
            hint=f"See what it does: logs {service.name}.",
            code="score-timeout",
            retry=True,
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(
            f"{service.name} does not answer on port {service.port}: {error}.",
            hint=f"Is it running? See: services, logs {service.name}.",
            code="no-answer",
            retry=True,
        ) from error
    finally:
        connection.close()
    elapsed = (time.perf_counter() - begin) * 1000
    found = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, found, content, elapsed)
