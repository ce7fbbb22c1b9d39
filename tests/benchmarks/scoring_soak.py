"""Keep a scoring server busy for long: `python -m tests.benchmarks.scoring_soak SECONDS`, as `make soak` does.

One request in twenty is hostile. Nothing may crash, liveness stays quick, memory does not grow.
"""

from __future__ import annotations

import http.client
import itertools
import random
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.scoring.service import Service, running

CLIENTS = 8
LIVENESS_SECONDS = 0.1
GROWTH_MB = 5.0
SCRIPT = """
import json
def init(): ...
def run(data):
    return [sum(row) for row in json.loads(data)["data"]]
"""
GOOD = b'{"data": [[1, 2, 3], [4, 5, 6]]}'
HOSTILE = [
    b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
    b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf",
    b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 20_000 + b"\r\n\r\n",
    b"\x16\x03\x01" + b"\x00" * 500,
    b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nbroken",
    b"POST /v2/models/model/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n" + b"[" * 400,
]


def resident(service: Service) -> float:
    """Give the memory of all workers in MB."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6 for pid in service.workers(2))


def client(service: Service, halt: threading.Event, answers: list[int], failures: list[str], seed: int) -> None:
    """Send good requests at half of what the server could take, and a hostile one now and then."""
    chance = random.Random(seed)
    kept = service.client()
    while not halt.is_set():
        if chance.random() < 0.05:
            with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
                connection.sendall(chance.choice(HOSTILE))
            continue
        began = time.perf_counter()
        try:
            kept.request("POST", "/score", GOOD)
            answer = kept.getresponse()
            if answer.status != 200 or answer.read() != b"[6,15]":
                failures.append(f"status {answer.status}")
        except (OSError, http.client.HTTPException) as error:
            failures.append(repr(error))
            kept = service.client()
        answers.append(1)
        halt.wait(time.perf_counter() - began)  # as long as the answer took: half the load


def soak(seconds: float) -> list[str]:
    """Run; print the scoreboard; give what went wrong."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), SCRIPT, WORKER_COUNT="2", MODELPACK_ACCESS_LOG="0") as service,
    ):
        workers = service.workers(2)
        halt, answers, failures, slow = threading.Event(), [], [], []
        threads = [
            threading.Thread(target=client, args=(service, halt, answers, failures, seed)) for seed in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        halt.wait(min(5.0, seconds / 4))  # warm
        before, began = resident(service), time.monotonic()
        for _ in itertools.takewhile(lambda _: time.monotonic() - began < seconds, itertools.count()):
            asked = time.perf_counter()
            service.ask("GET", "/")
            slow.append(time.perf_counter() - asked)
            halt.wait(0.1)
        growth = resident(service) - before
        halt.set()
        for thread in threads:
            thread.join()
        p99 = sorted(slow)[int(len(slow) * 0.99)]
        print(
            f"{seconds:.0f} s: {len(answers)} requests, {len(failures)} failed, liveness p99 {p99 * 1000:.1f} ms, "
            f"memory {before:.1f} MB {growth:+.1f} MB, workers replaced: {service.workers(2) != workers}"
        )
        wrong = failures[:5]
        wrong += ["a worker was replaced"] if service.workers(2) != workers else []
        wrong += [f"liveness took {p99:.3f} s"] if p99 > LIVENESS_SECONDS else []
        return wrong + ([f"memory grew by {growth:.1f} MB"] if growth > GROWTH_MB else [])


if __name__ == "__main__":
    if found := soak(float(sys.argv[1]) if len(sys.argv) > 1 else 1200.0):
        sys.exit("\n".join(found))
