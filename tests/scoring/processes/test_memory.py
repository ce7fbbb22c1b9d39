"""What clients may hold of the server's memory, all of them together (reliability T11)."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator

import psutil
import pytest

from jupyter_modelpack.scoring import limits
from tests.scoring.service import Service, read_all, running

LARGEST = 1_000_000
"""MODELPACK_MAX_BODY here; a worker holds four times as much."""

CHUNKED = b"POST /score HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

SLOW = """
    import time
    def init():
        pass
    def run(data):
        if data == "wait":
            time.sleep(5)
        return len(data)
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("memory"), SLOW, MODELPACK_MAX_BODY=str(LARGEST)) as service:
        yield service


def begin(service: Service, size: int, sent: int) -> socket.socket:
    """Open a connection that sends `sent` bytes of a body of `size`, and keeps still."""
    connection = service.connect()
    connection.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b"x" * sent)
    return connection


def test_bodies_that_never_end_make_room_for_those_that_do(service):
    with contextlib.ExitStack() as ends:
        stuck = [ends.enter_context(begin(service, LARGEST, LARGEST // 2)) for _ in range(20)]
        assert service.score("x" * 100_000).status == 200
        for connection in stuck[:11]:  # the first ones: half of what they sent is too much already
            answer = connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1" in answer.lower()
            assert b"MODELPACK_MAX_BODY" in answer
        last = stuck[-1]
        last.sendall(b"x" * (LARGEST - LARGEST // 2))
        assert last.recv(4096).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("end", ["answered", "hung up", "refused", "malformed", "pipelined"])
def test_what_has_ended_is_not_counted_any_more(service, end):
    for _ in range(12):
        if end == "answered":
            assert service.score("x" * (LARGEST - 2)).status == 200
        elif end == "hung up":
            begin(service, LARGEST, LARGEST - 1).close()
        elif end == "refused":
            with service.connect() as connection:
                connection.sendall(CHUNKED + b"%x\r\n" % (LARGEST + 1) + b"x" * (LARGEST + 1))
                assert b"HTTP/1.1 413 " in read_all(connection)
        elif end == "malformed":
            with service.connect() as connection:
                connection.sendall(CHUNKED + b"%x\r\n" % (LARGEST // 2) + b"x" * (LARGEST // 2) + b"odd")
                assert b"HTTP/1.1 400 " in read_all(connection)
        else:
            one = b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000
            with service.connect() as connection:
                connection.sendall(one * 3)
                connection.shutdown(socket.SHUT_WR)
                assert read_all(connection).count(b"HTTP/1.1 ") >= 1
    # Four that arrive at once are all there is room for: were anything left over, one of them would be refused.
    with contextlib.ExitStack() as ends:
        four = [ends.enter_context(begin(service, LARGEST, LARGEST)) for _ in range(4)]
        assert [connection.recv(4096)[:13] for connection in four] == [b"HTTP/1.1 200 "] * 4


def test_calls_whose_clients_have_left_hold_no_bodies(tmp_path):
    largest, many = 10_000_000, 40
    with running(tmp_path, SLOW, MODELPACK_MAX_BODY=str(largest)) as service:
        worker = psutil.Process(service.workers()[0])
        with service.connect() as busy:
            busy.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nwait")
            before = worker.memory_info().rss
            for _ in range(many):
                begin(service, largest, largest).close()
            threading.Event().wait(10 * limits.HALF_CLOSE_SECONDS)  # a client may half-close, so a while must pass
            with contextlib.ExitStack() as ends:
                four = [ends.enter_context(begin(service, largest - 1, largest - 1)) for _ in range(4)]
                assert service.ask("GET", "/").status == 200
                assert worker.memory_info().rss - before < many // 2 * largest
                assert not select.select([busy, *four], [], [], 0)[0], "all of them wait"
                assert [connection.recv(4096)[:13] for connection in (busy, *four)] == [b"HTTP/1.1 200 "] * 5
