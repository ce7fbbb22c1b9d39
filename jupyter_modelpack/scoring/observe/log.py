"""Log lines of the server itself, in the shape Azure ML images write (azure-differences.md 7.7)."""

import contextlib
import json
import os
import select
import stat
import sys
import time

from ..messages import Request, Response


def _own_stdout() -> int:
    """Return a descriptor for the log that outlives whatever the script does to stdout.

    Of a pipe another opening, which does not block: the script's own stdout must, and would share the flag of a copy.
    """
    with contextlib.suppress(OSError):
        if stat.S_ISFIFO(os.fstat(1).st_mode):
            return os.open("/proc/self/fd/1", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return os.dup(1)


_OUT = _own_stdout()
_LEVELS = {"I": "info", "W": "warning", "E": "error"}
_IDS = frozenset({b"x-request-id", b"x-ms-request-id", b"x-ms-client-request-id"})
_PIECE = select.PIPE_BUF
_SELECTABLE = 1024
_MOMENT = 1.0
_patience = 0.0
_PATH = 200
"""Most characters of a path that are logged; its length is up to the client."""
_lost = 0
_json = False
_second = 0
_prefix = ""


def unbuffer() -> None:
    """Let what the script prints appear at once, also when stdout is a pipe."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")


def descriptor() -> int:
    """Return what the log is written to, for who cannot call `write`."""
    return _OUT


def use_json() -> None:
    """Write one JSON object a line from now on."""
    global _json  # noqa: PLW0603  there is one log
    _json = True


def in_json() -> bool:
    """Return whether every line is a JSON object."""
    return _json


def line(level: str, message: str, **more: object) -> str:
    """Return a log line without writing it; `more` is for programs and only in JSON."""
    global _second, _prefix
    now = time.time()
    if _json:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
        content = {"time": moment, "level": _LEVELS[level], "pid": os.getpid(), "message": message, **more}
        return json.dumps(content) + "\n"
    whole = int(now)
    if whole != _second:
        _second, _prefix = whole, time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(whole))
    return f"{_prefix},{int((now - whole) * 1000):03d} {level} [{os.getpid()}] modelpack - {message}\n"


def call(request: Request, response: Response, seconds: float) -> str:
    """Return the line of one call: `POST /score 200 0.231ms 4` (azure-differences.md 7.7)."""
    path = request.path if len(request.path) <= _PATH else f"{request.path[:_PATH]}..."
    text = f"{request.method} {path} {response.status} {seconds * 1000:.3f}ms {response.size}"
    if not _json:
        return line("I", text)
    ids = {name.decode(): value.decode("latin-1") for name, value in response.headers if name in _IDS}
    trace = request.headers.get(b"traceparent", b"").decode("latin-1").split("-")
    if len(trace) == 4:  # W3C trace context: version, trace, parent, flags
        ids["trace_id"] = trace[1]
    return line(
        "I",
        text,
        method=request.method,
        path=path,
        status=response.status,
        milliseconds=round(seconds * 1000, 3),
        bytes=response.size,
        **ids,
    )


def write(text: str) -> None:
    """Write finished lines; drop them where nobody reads the log, for waiting would stop the service."""
    global _lost  # noqa: PLW0603  there is one log
    data = text.encode("utf-8", "backslashreplace")
    with contextlib.suppress(OSError):
        if _lost and _is_writable():
            os.write(_OUT, line("W", f"{_lost} bytes of this log were lost: nobody read it.").encode())
            _lost = 0
        for start in range(0, len(data), _PIECE):
            if not _is_writable():
                _lost += len(data) - start
                return
            try:
                os.write(_OUT, data[start : start + _PIECE])
            except BlockingIOError:
                _lost += len(data) - start
                return


def _is_writable() -> bool:
    # A pipe that says so takes at least PIPE_BUF bytes at once, unless the script has been quicker.
    return bool(select.select((), (_OUT,), (), _patience)[1]) if _OUT < _SELECTABLE else True


def wait_for_readers() -> None:
    """From now on wait a moment for a slow reader of the log, so that the last lines are not lost."""
    global _patience  # noqa: PLW0603  there is one log
    _patience = _MOMENT


def info(message: str) -> None:
    """Write a line of ordinary news."""
    write(line("I", message))


def warning(message: str) -> None:
    """Write a line that asks for action."""
    write(line("W", message))


def error(message: str) -> None:
    """Write a failure, perhaps of several lines."""
    write(line("E", message))


def plain(message: str) -> None:
    """Write a last word without a prefix: what a person reads first."""
    write(line("E", message) if _json else message + "\n")
