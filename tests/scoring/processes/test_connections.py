"""Ten thousand connections at once (threat-model.md T11)."""

import contextlib
import resource
import socket
import time

from tests.scoring.service import running

MANY = 10_000


def test_ten_thousand_connections_leave_the_service_quick(tmp_path):
    # The server starts with the usual limit of open files and helps itself; we need as many.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with running(tmp_path) as service, contextlib.ExitStack() as open_ones:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * MANY), hard))
        open_ones.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        worker = service.workers()[0]
        for number in range(MANY):
            connection = open_ones.enter_context(service.connect())
            connection.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\n" + (b"\r\n" if number % 2 else b""))
            if number % 2:
                assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
            else:
                connection.shutdown(socket.SHUT_RD)  # one that sends half a head, and waits
        times = []
        for _ in range(100):
            began = time.perf_counter()
            assert service.ask("GET", "/").text == "Healthy"
            times.append(time.perf_counter() - began)
        assert service.score([1]).json == [1]
        assert service.workers() == [worker]
        print(f"liveness beside {MANY} connections: p99 {sorted(times)[98] * 1000:.1f} ms")
        assert sorted(times)[98] < 0.1
