"""A result as JSON, for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jupyter_modelpack.redact import Secret

HANDLE = "handle"
"""Name of the field in which a result carries an object of the API; not data, so not in the JSON."""


def document(value: Any) -> Any:
    """Return `value` as what JSON can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: document(getattr(value, field.name)) for field in fields(value) if field.name != HANDLE}
    if isinstance(value, Mapping):
        return {str(key): document(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [document(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path | Secret):
        return str(value)
    return value


def text(result: Any) -> str:
    """Return `result` as indented JSON."""
    return json.dumps(document(result), indent=2, ensure_ascii=False)
