"""What clients may hold of the server's memory, all of them together (threat-model.md T11)."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jupyter_modelpack.scoring import limits, memory
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


@pytest.mark.parametrize("size", [2, 100])
def test_small_chunks_take_little_more_than_they_hold(tmp_path, size):
    """Two bytes at a time took 28 times as much (E22); once joined, and once as the text that run() gets, they may."""
    payload = 2_000_000
    with running(tmp_path, SLOW, MODELPACK_MAX_BODY=str(payload)) as service, service.connect() as connection:
        assert service.score("x").status == 200
        worker = psutil.Process(service.workers()[0])
        before = worker.memory_info().rss
        Path(f"/proc/{worker.pid}/clear_refs").write_text("5")  # the peak is reset, see proc(5)
        connection.sendall(CHUNKED + b"%x\r\n%b\r\n" % (size, b"x" * size) * (payload // size) + b"0\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        status = Path(f"/proc/{worker.pid}/status").read_text()
        peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
        assert peak - before < 5 * payload


def test_heads_that_never_end_make_room_too(tmp_path):
    """Many clients with unfinished heads, and with requests queued behind one that is answered."""
    with running(tmp_path, SLOW, MODELPACK_MAX_BODY="1000") as service, contextlib.ExitStack() as ends:
        heads = [ends.enter_context(service.connect()) for _ in range(60)]
        for connection in heads:
            connection.sendall(b"GET / HTTP/1.1\r\n" + b"A: %b\r\n" % (b"b" * 8000) * 14)
        assert service.ask("GET", "/").status == 200
        given = [connection for connection in heads if select.select([connection], [], [], 0.2 / len(heads))[0]]
        assert len(given) >= 60 - limits.BOOKS // 112_000
        assert all(connection.recv(4096).startswith(b"HTTP/1.1 503 ") for connection in given)


def test_keys_are_asked_before_a_body_is_read(tmp_path):
    with running(tmp_path, SLOW, MODELPACK_KEYS="key") as service:
        for head in (CHUNKED, CHUNKED.replace(b"Transfer-Encoding: chunked", b"Content-Length: 50000000")):
            with service.connect() as connection:
                connection.sendall(head.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"))
                assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")
        with service.connect() as connection:  # without a body the connection is kept, and the order
            connection.sendall(b"GET /x HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            answer = read_all(connection)
        assert [answer[9:12], answer.count(b"HTTP/1.1 200 OK")] == [b"401", 1]
        assert "POST /score 401" in service.log
        assert service.score("x", {"Authorization": "Bearer key"}).status == 200


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"memory.max": "max\n"}, None),
        ({"memory.max": "536870912\n"}, 128 << 20),
        ({"memory/memory.limit_in_bytes": "536870912\n"}, 128 << 20),
        ({"memory.max": "nonsense"}, None),
    ],
)
def test_bodies_take_half_of_a_containers_memory(tmp_path, files, expected):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert memory.for_bodies(2, tmp_path) == expected


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
    # Four that arrive at once are all that fit: were anything left over, one of them would be refused.
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
