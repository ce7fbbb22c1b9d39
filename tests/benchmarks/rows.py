"""The rows of the table: what changes, what is measured, how much faster we want to be."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

from tests.benchmarks import parts
from tests.benchmarks.ours import DAEMON, STORE, Ours

GIB = 1 << 30
Contender = Any
Times = dict[str, float]

BODY = json.dumps({"data": [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]]})


@dataclass(frozen=True)
class Row:
    """One line.

    Attributes:
        title: What changed since the last build.
        measure: Does it once for one contender; gives seconds by column.
        rounds: How often, contender after contender.
        bars: Column of ours -> contender -> how many times faster we want to be.
    """

    key: str
    title: str
    measure: Callable[[Contender], Times]
    rounds: int
    bars: dict[str, dict[str, float]]


def _built(change: Callable[[Contender], object]) -> Callable[[Contender], Times]:
    def measure(contender: Contender) -> Times:
        change(contender)
        return contender.build()

    return measure


def _cold(contender: Contender) -> None:
    contender.project.reset()
    contender.forget()


def _other(contender: Contender) -> None:
    contender.project.reorder()
    if isinstance(contender, Ours):
        contender.move()


def _same(contender: Contender) -> None:
    contender.build()


def _dependency(contender: Contender) -> None:
    contender.project.reset()
    contender.build()
    contender.project.add_dependency()


def _script(contender: Contender) -> None:
    contender.project.edit_script()


def _weights(contender: Contender) -> None:
    if not (contender.project.model / "weights.bin").exists():
        contender.project.add_weights(GIB)
        contender.build()
    contender.project.edit_weights()


def _first_push(contender: Contender) -> Times:
    with parts.empty_registry() as registry:
        return contender.push(registry)


def _second_push(contender: Contender) -> Times:
    with parts.empty_registry() as registry:
        contender.push(registry)
        _weights(contender)
        contender.build()
        return contender.push(registry)


def _first_score(contender: Contender) -> Times:
    return {column: _score(image) for column, image in contender.runnable.items()}


def _edit_to_score(contender: Contender) -> Times:
    contender.project.edit_script()
    built = contender.build()
    return {column: built[column] + _score(image) for column, image in contender.runnable.items()}


def _score(image: str) -> float:
    with _port() as port:
        started = time.perf_counter()
        container = parts.run(*parts.docker(), "run", "--detach", f"--publish=127.0.0.1:{port}:5001", image).strip()
        try:
            while not _answers(port):
                if time.perf_counter() - started > 60:
                    raise RuntimeError(f"{image} does not answer:\n{parts.logs(container)}")
                time.sleep(0.02)  # asking more often slows down who answers from the first moment
            return time.perf_counter() - started
        finally:
            parts.run(*parts.docker(), "rm", "--force", container)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.suppress(OSError, HTTPException), contextlib.closing(connection):
        connection.request("POST", "/score", BODY, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status == 200 and len(json.loads(answer.read())) == 2
    return False


@contextlib.contextmanager
def _port() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    yield port


ROWS = [
    Row("cold", "first build, nothing cached", _built(_cold), 3,
        {STORE: {"pip": 5, "uv": 2.5}, DAEMON: {"pip": 3, "uv": 1.5}}),
    Row("other", "another project, the same packages", _built(_other), 5,
        {STORE: {"pip": 150, "uv": 60}, DAEMON: {"pip": 5, "uv": 2}}),
    Row("same", "nothing", _built(_same), 7, {STORE: {"pip": 10, "uv": 10}, DAEMON: {"pip": 2, "uv": 2}}),
    Row("script", "the entry script", _built(_script), 7, {STORE: {"pip": 10, "uv": 10}, DAEMON: {"pip": 1, "uv": 1}}),
    Row("first-score", "docker run to the first score", _first_score, 5, {DAEMON: {"pip": 1 / 0.8}}),
    Row("edit-score", "script edited, first new score", _edit_to_score, 5, {DAEMON: {"pip": 1, "uv": 1}}),
    Row("dependency", "one added dependency", _built(_dependency), 5,
        {STORE: {"pip": 50, "uv": 20}, DAEMON: {"pip": 25, "uv": 10}}),
    Row("push", "first push to a registry", _first_push, 3, {DAEMON: {"pip": 8, "uv": 8}}),
    Row("weights", "8 bytes of a 1 GiB model", _built(_weights), 5,
        {STORE: {"floor": 1 / 1.5}, DAEMON: {"pip": 2, "uv": 2}}),
    Row("push-weights", "1 GiB model changed, pushed", _second_push, 3, {DAEMON: {"pip": 5, "uv": 5}}),
]  # fmt: skip
