"""`python -m modelpack_scoring`: start the server that the environment describes."""

import os
import socket
import sys
from typing import TYPE_CHECKING

from . import VERSION
from .app.keys import Keys
from .http.listener import inherited, listen, raise_file_limit, write_port_file
from .http.tls import certificate
from .observe import exit_reason, log
from .process.supervisor import Supervisor
from .script.startup import EXIT_CODE
from .settings import ConfigurationError, Settings, unheeded

if TYPE_CHECKING:
    from .process.reloader import Reloader


USAGE = """This image serves a model: POST /score on port 5001 takes JSON, GET /ready says whether it answers.

    docker run --publish 127.0.0.1:6789:5001 IMAGE
    curl --json '{"data": [[1, 2, 3]]}' http://127.0.0.1:6789/score

It takes no arguments. What can be set is set by environment variables (docker run --env WORKER_COUNT=2 IMAGE):
MODELPACK_KEYS, WORKER_COUNT, SCORING_TIMEOUT_MS and others. GET / and GET /swagger.json say more of a running one."""

_USAGE_CODE = 2


def main() -> int:
    """Run until SIGTERM; exit code 0, or 3 where settings or script are at fault (azure-differences.md 7.5)."""
    log.unbuffer()
    if words := sys.argv[1:]:
        asked = bool({"--help", "-h", "help"} & set(words))
        log.plain(USAGE if asked else f"The service did not start: it takes no arguments, not {words[0]!r}.\n\n{USAGE}")
        return 0 if asked else _USAGE_CODE
    try:
        settings = Settings.from_environment(os.environ)
        Keys(settings)  # what is wrong with them is said now, and not by every worker
        certificate(settings)
    except ConfigurationError as error:
        log.error(f"===Configuration Error===\n{error}")
        exit_reason.of_settings(str(error))
        return EXIT_CODE
    if settings.log_format == "json":
        log.use_json()
    if hasattr(sys, "set_int_max_str_digits"):  # Python 3.10.7 and later
        sys.set_int_max_str_digits(settings.json_digits)
    raise_file_limit()
    try:
        listener = inherited(settings.listen_fd) if settings.listen_fd >= 0 else listen(settings.host, settings.port)
        port = listener.getsockname()[1]
        if settings.port_file:
            write_port_file(settings.port_file, port)
    except OSError as error:
        exit_reason.of_listening(error, f"cannot listen on {settings.host}, port {settings.port}: {error}.")
        return EXIT_CODE
    version = ".".join(map(str, sys.version_info[:3]))
    log.info(f"modelpack scoring server {VERSION}, Python {version}, port {port}, {settings.workers} worker(s)")
    for line in unheeded(os.environ):
        log.warning(line)
    outcome = _top(settings, listener).run()
    return outcome if isinstance(outcome, int) else outcome()


def _top(settings: Settings, listener: socket.socket) -> "Supervisor | Reloader":
    if not settings.reload:
        return Supervisor(settings, listener)
    from .process.reloader import Reloader  # noqa: PLC0415  a service that never reloads need not load it

    return Reloader(settings, listener)


if __name__ == "__main__":
    sys.exit(main())
