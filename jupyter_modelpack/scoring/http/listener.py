"""The one listening socket that all workers share."""

import os
import resource
import socket
from pathlib import Path

_BACKLOG = 2048
_FILES = 65536


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen.

    The protocol number is given on purpose: asyncio turns Nagle's algorithm off only on sockets that say
    they are TCP, and with it on every answer waits 44 ms for the client's delayed acknowledgement.
    """
    family, kind, _, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def raise_file_limit() -> None:
    """Raise the limit of open files: the usual 1,024 would be the limit of connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def inherited(descriptor: int) -> socket.socket:
    """Take over the listening socket of the process that this one replaces."""
    listener = socket.socket(fileno=descriptor)
    listener.set_inheritable(False)
    listener.setblocking(False)
    return listener


def write_port_file(path: str, port: int) -> None:
    """Write the bound port to a file, atomically, for the process that started us."""
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    unfinished.write_text(f"{port}\n", encoding="ascii")
    unfinished.replace(target)
