"""Keep a scoring server busy for long: `python -m tests.benchmarks.scoring_soak SECONDS`, as `make soak` does.

Half of what it can do at most, measured first, and on top one request in twenty that is hostile. Nothing may crash or
fail, liveness stays quick, memory does not grow.
"""

from __future__ import annotations

import http.client
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.scoring.service import Service, running
from tests.services.packages import need

CONNECTIONS = 32
PEAK_SECONDS = 10
LOAD = (0.35, 0.65)  # of the peak; a half is meant, and other work on the machine comes and goes
HOSTILE_SHARE = 0.05
HOSTILE_SENDERS = 4  # one alone does not get that many out
LIVENESS_SECONDS = 0.1
GROWTH_MB = 5.0
SCRIPT = """
import json
def init(): ...
def run(data):
    return [sum(row) for row in json.loads(data)["data"]]
"""
GOOD = '{"data": [[1, 2, 3], [4, 5, 6]]}'
HOSTILE = [
    b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
    b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf",
    b"POST /score HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 20_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 50,
    b"\x16\x03\x01" + b"\x00" * 500,
    b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nbroken",
    b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + b"[" * 20_000,
    b"POST /v2/models/model/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n" + b"[" * 400,
]


class Traffic:
    """What is done to a service, and what went wrong meanwhile."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service = service
        self._folder = folder
        self.halt = threading.Event()
        self.wrong: list[str] = []
        self.hostile: list[int] = []  # how many each sender sent
        self.liveness: list[float] = []

    def wrk(self, seconds: float, pause: float = 0) -> tuple[float, int]:
        """Let wrk ask, each connection after `pause` milliseconds; give requests a second and their number."""
        lua = self._folder / "load.lua"
        lua.write_text(
            f"wrk.method, wrk.body = 'POST', '{GOOD}'\nlocal due = 0\n"
            # A mean of so many: whole milliseconds are all that wrk knows.
            f"function delay() due = due + {pause}; local now = math.floor(due); due = due - now; return now end"
        )
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}", "--timeout", "20", "-s", str(lua)]
        said = subprocess.check_output([*command, f"http://127.0.0.1:{self._service.port}/score"], text=True)
        self.wrong += re.findall(r"Non-2xx.*|Socket errors.*", said)
        rate, count = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"(\d+) requests in", said)
        assert rate
        assert count
        return float(rate[1]), int(count[1])

    def harm(self, a_second: float) -> None:
        """Send what is hostile, so often."""
        chance, due, sent = random.Random(7), time.monotonic(), 0
        while not self.halt.wait(max(0.0, due - time.monotonic())):
            due += 1 / a_second
            with socket.create_connection(("127.0.0.1", self._service.port), timeout=20) as connection:
                try:
                    connection.sendall(chance.choice(HOSTILE))
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(65536)
                except OSError:
                    pass  # refused amid what it sends, as it should be
            sent += 1
        self.hostile.append(sent)

    def probe(self) -> None:
        """Ask for liveness, and for one answer that is looked at, ten times a second."""
        kept = self._service.client()
        while not self.halt.wait(0.1):
            try:
                asked = time.perf_counter()
                if self._service.ask("GET", "/").status != 200:
                    self.wrong.append("liveness failed")
                self.liveness.append(time.perf_counter() - asked)
                kept.request("POST", "/score", GOOD)
                answer = kept.getresponse()
                if (answer.status, answer.read()) != (200, b"[6,15]"):
                    self.wrong.append(f"a wrong answer, status {answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
                kept = self._service.client()


def resident(service: Service) -> float:
    """Give the memory of all workers in MB."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6 for pid in service.workers(2))


def soak(seconds: float) -> list[str]:
    """Run; print the scoreboard; give what went wrong."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), SCRIPT, WORKER_COUNT="2", MODELPACK_ACCESS_LOG="0") as service,
    ):
        workers = service.workers(2)
        traffic = Traffic(service, Path(folder))
        peak, _ = traffic.wrk(min(PEAK_SECONDS, seconds / 4))
        pause = CONNECTIONS / (peak / 2) * 1000
        a_second = peak / 2 * HOSTILE_SHARE / HOSTILE_SENDERS
        threads = [
            threading.Thread(target=traffic.probe),
            *(threading.Thread(target=traffic.harm, args=(a_second,)) for _ in range(HOSTILE_SENDERS)),
        ]
        for thread in threads:
            thread.start()
        slower, _ = traffic.wrk(min(PEAK_SECONDS, seconds / 4), pause)  # by what an answer takes
        pause = max(0.0, pause - CONNECTIONS * (1 / slower - 2 / peak) * 1000)
        before = resident(service)
        rate, answers = traffic.wrk(seconds, pause)
        growth = resident(service) - before
        traffic.halt.set()
        for thread in threads:
            thread.join()
        replaced = service.workers(2) != workers
        p99 = sorted(traffic.liveness)[int(len(traffic.liveness) * 0.99)]
        hostile = sum(traffic.hostile)
        print(
            f"{seconds:.0f} s: {answers} requests, {rate:.0f} of {peak:.0f} a second, {hostile} hostile "
            f"ones; {len(traffic.wrong)} failed, liveness p99 {p99 * 1000:.1f} ms, "
            f"memory {before:.1f} MB {growth:+.1f} MB, workers replaced: {replaced}"
        )
        wrong = traffic.wrong[:5]
        wrong += [] if LOAD[0] <= rate / peak <= LOAD[1] else [f"the load was {rate / peak:.2f} of the peak, not half"]
        wrong += [f"only {hostile} requests were hostile"] if hostile < answers * HOSTILE_SHARE * 0.9 else []
        wrong += ["a worker was replaced"] if replaced else []
        wrong += [f"liveness took {p99:.3f} s"] if p99 > LIVENESS_SECONDS else []
        return wrong + ([f"memory grew by {growth:.1f} MB"] if growth > GROWTH_MB else [])


if __name__ == "__main__":
    need("wrk")
    if found := soak(float(sys.argv[1]) if len(sys.argv) > 1 else 1200.0):
        sys.exit("\n".join(found))
