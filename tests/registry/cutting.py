"""A line to a registry that is cut after so many bytes, again and again."""

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator

_CHUNK = 1 << 16


class Cutting:
    """Passes bytes on, counts those of one direction, and cuts the line whenever a count of `cuts` is reached."""

    def __init__(self, target: str, cuts: list[int], *, up: bool) -> None:
        host, _, port = target.rpartition(":")
        self._target, self._up = (host, int(port)), up
        self._left, self._lock = sorted(cuts, reverse=True), threading.Lock()
        self.passed = self.done = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        _narrow(self._listener)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                upstream = socket.socket()
                _narrow(upstream)
                upstream.connect(self._target)
                for source, target, up in ((client, upstream, True), (upstream, client, False)):
                    threading.Thread(target=self._pump, args=(source, target, up), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if up == self._up and self._cut_in(len(data)):
                    for line in (source, target):
                        # Close with a RST instead of a FIN.
                        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        line.shutdown(socket.SHUT_RDWR)
                        line.close()
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _cut_in(self, size: int) -> bool:
        with self._lock:
            self.passed += size
            if not self._left or self.passed < self._left[-1]:
                return False
            while self._left and self.passed >= self._left[-1]:
                self._left.pop()
                self.done += 1
            return True


def _narrow(line: socket.socket) -> None:
    """Let buffers be small: what lies in them when the line is cut was sent in vain, and loopback's are huge."""
    for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        line.setsockopt(socket.SOL_SOCKET, buffer, _CHUNK)


@contextlib.contextmanager
def cutting(target: str, size: int, count: int, *, up: bool) -> Iterator[Cutting]:
    """Put such a line before the registry at `target`, to be cut `count` times while `size` bytes go up or down."""
    dice = random.Random(count)
    line = Cutting(target, [dice.randrange(size) for _ in range(count)], up=up)
    try:
        yield line
    finally:
        line.close()
