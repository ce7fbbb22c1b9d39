"""The HEALTHCHECK of the image: exit code 0 when the service is ready, else 1."""

import os
import socket
import sys


def ready(port: int, seconds: float = 4.0) -> bool:
    """Ask `GET /ready` on loopback; speak HTTP by hand, because http.client takes 30 ms to import."""
    try:
        with _connection(port, seconds) as connection:
            connection.sendall(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _connection(port: int, seconds: float) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=seconds)
    if not os.environ.get("MODELPACK_TLS_CERT"):
        return plain
    import ssl  # noqa: PLC0415  takes longer than the whole check without it

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the certificate of this container itself
    return context.wrap_socket(plain)


def main() -> int:
    """Check the server's configured port."""
    try:
        port = int(os.environ.get("MODELPACK_PORT") or 5001)
        if port == 0:
            with open(os.environ["MODELPACK_PORT_FILE"], encoding="ascii") as file:  # noqa: PTH123  imports less
                port = int(file.read())
    except (KeyError, OSError, ValueError):
        return 1
    return 0 if ready(port) else 1


if __name__ == "__main__":
    sys.exit(main())
