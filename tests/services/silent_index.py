"""A package index that accepts requests and never answers.

A build that asks it waits in "Resolving" until it is cancelled, however fast the machine is and whatever earlier
tests have left in a cache.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silent_index() -> Iterator[str]:
    """Listen on loopback; give the index's URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []
        threading.Thread(target=_accept, args=(server, taken), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple"
        server.shutdown(socket.SHUT_RDWR)  # wakes accept()
        for connection in taken:
            connection.close()


def _accept(server: socket.socket, taken: list[socket.socket]) -> None:
    while True:
        try:
            taken.append(server.accept()[0])
        except OSError:  # shut down
            return
