"""Write Dockerfile instructions, with their values escaped.

Commands are in JSON form, so no shell parses them; values that an instruction cannot express are refused.
Source: the Dockerfile reference, "Escape", "Environment replacement", "Exec form".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from jupyter_modelpack.errors import UsageError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def env(name: str, value: str) -> str:
    """Return an ENV instruction; raise `UsageError` for a value that Docker cannot express."""
    check_variable(name, value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'ENV {name}="{escaped}"'


def label(name: str, value: str) -> str:
    """Return a LABEL instruction; raise `UsageError` for a value that Docker cannot express."""
    return env(name, value).replace("ENV ", "LABEL ", 1)


def command(instruction: str, words: Sequence[str]) -> str:
    """Return RUN, CMD, ENTRYPOINT or COPY in JSON form."""
    return f"{instruction} {json.dumps(list(words), ensure_ascii=False)}"


def comment(text: str) -> list[str]:
    """Return `text` as comment lines."""
    return [f"# {line}".rstrip() for line in text.splitlines()]


def check_variable(name: str, value: str) -> None:
    """Raise `UsageError` when an environment variable cannot be part of an image."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"Environment variable {name[:80]!r}: a name is letters, digits and underscores.")
    if any(sign in value for sign in "\0\r\n"):
        raise UsageError(f"Environment variable {name}: the value has a line break, which an image cannot hold.")
