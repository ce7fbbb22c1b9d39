"""The whole error tree.

Drawn by what the user can do about it::

    ModelpackError              code, message, hint
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


class ModelpackError(Exception):
    """Base of every error this package raises on purpose.

    Attributes:
        code: A stable, machine-readable word (``"model-not-found"``).
        message: One sentence: what failed, what was found.
        hint: What to do about it; may be empty.

    """

    code = "error"

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


class NotFound(ModelpackError):
    """A model, image, package, container or file of that name is not there."""

    code = "not-found"


class PathNotFound(NotFound, FileNotFoundError):
    """A path of the user's does not exist; also a `FileNotFoundError`, as scripts expect."""

    code = "path-not-found"


class Conflict(ModelpackError):
    """Something is in the way: a port or name in use, another writer at work."""

    code = "conflict"


class Untrusted(ModelpackError):
    """Bytes from outside that do not match their digest, their size or our rules."""

    code = "untrusted"


class Unavailable(ModelpackError):
    """A registry, an engine or the disk cannot serve us now.

    Attributes:
        retry: Whether the same call may succeed later without changing anything.

    """

    code = "unavailable"

    def __init__(self, message: str, *, hint: str = "", code: str | None = None, retry: bool = False) -> None:
        super().__init__(message, hint=hint, code=code)
        self.retry = retry


class Denied(ModelpackError):
    """Credentials were refused, or the file system does not let us."""

    code = "denied"


class BuildFailed(ModelpackError):
    """A build step failed.

    Attributes:
        step: The step that failed, in words.
        log_tail: The last lines of its output, oldest first.

    """

    code = "build-failed"

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
