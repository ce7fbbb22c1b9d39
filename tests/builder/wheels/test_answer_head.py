"""A server that sends the head of its answer a byte at a time holds up nobody for long."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from jupyter_modelpack.builder.lock.pylock import Locked
from jupyter_modelpack.builder.wheels import answer_head, download
from jupyter_modelpack.builder.wheels.download import Fetcher, opener
from jupyter_modelpack.builder.wheels.wheel_contents import listed_modules
from jupyter_modelpack.events import Reporter

HEAD_SECONDS, LONG = 0.3, 5.0


@pytest.fixture
def trickling(monkeypatch) -> Iterator[str]:
    """Its head goes on for seconds."""
    monkeypatch.setattr(answer_head, "_SECONDS", HEAD_SECONDS)
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(65536)
                client.sendall(b"HTTP/1.1 206 Partial Content\r\nX-Slow: ")
                until = time.monotonic() + LONG
                while time.monotonic() < until and not ended.wait(0.02):
                    try:
                        client.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a-1.0-py3-none-any.whl"
        ended.set()
        thread.join()


def package(place: str) -> Locked:
    return Locked("a", "1.0", "0" * 64, 1000, wheel=True, place=place)


def test_a_list_of_files(trickling):
    began = time.monotonic()
    assert listed_modules(package(trickling)) is None
    assert time.monotonic() - began < LONG / 2


def test_a_wheel(trickling, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_in_uv_cache", lambda _package: False)
    monkeypatch.delenv("UV_OFFLINE", raising=False)
    began = time.monotonic()
    assert not Fetcher(Reporter(), lambda _size: None).fetch(package(trickling), tmp_path / "a.whl")
    assert time.monotonic() - began < LONG / 2


def test_what_follows_the_head_may_take_longer(monkeypatch):
    monkeypatch.setattr(answer_head, "_SECONDS", HEAD_SECONDS)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(65536)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
                threading.Event().wait(2 * HEAD_SECONDS)
                client.sendall(b"b")

        thread = threading.Thread(target=answer)
        thread.start()
        with opener().open(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=5) as found:
            assert found.read() == b"ab"
        thread.join()
