"""Log lines of the server itself, in the shape Azure ML images write (contract 7.7)."""

import contextlib
import os
import sys
import time

_OUT = os.dup(1)  # a script that closes or redirects stdout does not take our log with it
_second = 0
_prefix = ""


def unbuffer() -> None:
    """Let what the script prints appear at once, also when stdout is a pipe."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")


def line(level: str, message: str) -> str:
    """Give a log line without writing it."""
    global _second, _prefix
    now = time.time()
    whole = int(now)
    if whole != _second:
        _second, _prefix = whole, time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(whole))
    return f"{_prefix},{int((now - whole) * 1000):03d} {level} [{os.getpid()}] modelpack - {message}\n"


def write(text: str) -> None:
    """Write finished lines."""
    with contextlib.suppress(OSError):  # a log that nobody reads must not end the service
        os.write(_OUT, text.encode("utf-8", "backslashreplace"))


def info(message: str) -> None:
    """Write a line of ordinary news."""
    write(line("I", message))


def warning(message: str) -> None:
    """Write a line somebody should act on."""
    write(line("W", message))


def error(message: str) -> None:
    """Write a failure, perhaps of several lines."""
    write(line("E", message))


def plain(message: str) -> None:
    """Write a last word without a prefix: what a person reads first."""
    write(message + "\n")
