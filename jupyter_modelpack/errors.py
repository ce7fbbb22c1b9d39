"""The whole error tree.

Drawn by what the user can do about it::

    ModelpackError              code, message, hint; exit_code, http_status
    ├── UsageError              fix the input
    ├── NotFound                name something that exists
    │   └── PathNotFound        ... also a FileNotFoundError
    ├── Conflict                something is in the way: a port, a name, another writer
    ├── Untrusted               bytes that are not what they claim to be
    ├── Unavailable             a registry, an engine, the disk; `retry` says whether waiting helps
    ├── Denied                  credentials or permissions
    ├── BuildFailed             carries the failing step and the last log lines
    └── Cancelled               the user asked for it

A message reads: what failed: what was found; what to do (`hint`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class ModelpackError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        message: One sentence: what failed, what was found.
        hint: What to do about it; may be empty.
        code: A word of its own in place of the class's.

    Attributes:
        code: A stable, machine-readable word (``"model-not-found"``).
        message: One sentence: what failed, what was found.
        hint: What to do about it; may be empty.
        exit_code: What the command line ends with, one number for each branch. 1 is that of errors on no branch,
            and of what was not raised on purpose.
        http_status: What the routes behind the side panel answer with.
    """

    code = "error"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(ModelpackError):
    """The input is wrong, and the message says how to fix it."""

    code = "usage"
    exit_code = 2
    http_status = 400


class NotFound(ModelpackError):
    """A model, image, package, container or file of that name is not there."""

    code = "not-found"
    exit_code = 3
    http_status = 404


class PathNotFound(NotFound, FileNotFoundError):
    """A path of the user's does not exist; also a `FileNotFoundError`, as scripts expect."""

    code = "path-not-found"


class Conflict(ModelpackError):
    """Something is in the way: a port or name in use, another writer at work."""

    code = "conflict"
    exit_code = 4
    http_status = 409


class Untrusted(ModelpackError):
    """Bytes from outside that do not match their digest, their size or our rules."""

    code = "untrusted"
    exit_code = 5
    http_status = 422


class Unavailable(ModelpackError):
    """A registry, an engine or the disk cannot serve us now.

    Args:
        message: One sentence: what failed, what was found.
        hint: What to do about it; may be empty.
        code: A word of its own in place of the class's.
        retry: Whether the same call may succeed later without changing anything.

    Attributes:
        retry: Whether the same call may succeed later without changing anything.
    """

    code = "unavailable"
    exit_code = 6
    http_status = 503

    def __init__(self, message: str, *, hint: str = "", code: str | None = None, retry: bool = False) -> None:
        super().__init__(message, hint=hint, code=code)
        self.retry = retry


class Denied(ModelpackError):
    """Credentials were refused, or the file system does not let us."""

    code = "denied"
    exit_code = 7
    http_status = 403


class BuildFailed(ModelpackError):
    """A build step failed.

    Args:
        message: One sentence: what failed, what was found.
        hint: What to do about it; may be empty.
        code: A word of its own in place of the class's.
        step: The step that failed, in words.
        log_tail: The last lines of its output, oldest first.

    Attributes:
        step: The step that failed, in words.
        log_tail: The last lines of its output, oldest first.
    """

    code = "build-failed"
    exit_code = 8
    http_status = 422

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str | None = None,
        step: str = "",
        log_tail: Sequence[str] = (),
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.step = step
        self.log_tail = tuple(log_tail)

    def __str__(self) -> str:
        tail = "".join(f"\n  | {line}" for line in self.log_tail)
        return f"{self.message}{tail}" + (f"\n{self.hint}" if self.hint else "")


class Cancelled(ModelpackError):
    """The user cancelled; nothing half made is left behind."""

    code = "cancelled"
    exit_code = 130  # as shells say for Ctrl-C
    http_status = 409
