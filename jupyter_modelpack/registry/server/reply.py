"""A response of the embedded registry as data; `server` sends it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and a body: bytes, or a file and which part of it."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    offset: int = 0
    count: int = 0

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return self.count if self.file else len(self.body)


def json_answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with a JSON document."""
    body = json.dumps(document).encode() + b"\n"
    return Reply(status, body, {"Content-Type": "application/json", **(headers or {})})


def error_answer(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with the specification's error document."""
    return json_answer({"errors": [{"code": code, "message": message, "detail": None}]}, status, headers)


def refuse_method(message: str, allowed: str) -> Reply:
    """Refuse a method where only those `allowed` do something (RFC 9110, 15.5.6)."""
    return error_answer(405, "UNSUPPORTED", message, {"Allow": allowed})
