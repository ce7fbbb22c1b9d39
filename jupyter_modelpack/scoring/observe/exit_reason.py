"""Report why a service ends, as one line for programs."""

import importlib.metadata
import importlib.util
import json
import os
import traceback
from pathlib import Path
from typing import Any

from . import log

MARK = "modelpack-ending "
"""What the line begins with; the rest is a JSON object."""

_LINE = 2600
"""Most characters, escaped, of what is written; of a line, with its JSON, `engine.exit_reason` reads 4096."""

_SHORT = 1000
_TEXT = 1500
_TEXTS = (_TEXT, 500, 150, 40)


def write(ending: dict[str, Any], cause: str) -> None:
    """Write the line, and after it the one for people."""
    said = f"The service did not start: {' '.join(cause.splitlines())}"
    ending = _fitting({**ending, "cause": cause})
    if log.in_json():
        log.write(log.line("E", said if len(json.dumps(said)) < _SHORT else said[:150], ending=ending))
    else:
        log.plain(MARK + json.dumps(ending))
        log.plain(said)


def of_settings(cause: str) -> None:
    """Say that the configuration is at fault."""
    write({"phase": "settings", "types": [], "message": cause[:_TEXT]}, cause)


def of_listening(error: OSError, cause: str) -> None:
    """Say that the service's own port cannot be had."""
    write({"phase": "listening", **_facts(error)}, cause)


def of_script(error: BaseException, phase: str, script: Path) -> dict[str, Any]:
    """Return what is known of an exception of the user's script.

    The exception itself, and none that it was raised from: the last one is what ended the script.
    """
    ending = {"phase": phase, **_facts(error)}
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == str(script)]
    if own:
        ending |= {"file": script.name, "line": own[-1].lineno, "code": (own[-1].line or "")[:200]}
    # Only os.environ asks by key in the module os: a variable that is not set.
    if isinstance(error, KeyError) and frames and Path(frames[-1].filename).name in {"os.py", "<frozen os>"}:
        ending["variable"] = str(error.args[0])[:200] if error.args else ""
    return ending


def public_part(ending: dict[str, Any]) -> str:
    """Return what every client may read: the phase, the type and the line, and not the message."""
    place = f" ({ending['file']}, line {ending['line']})" if "file" in ending else ""
    return f"{ending['phase']} raised {ending['types'][0].rpartition('.')[2]}{place}"


def _fitting(ending: dict[str, Any]) -> dict[str, Any]:
    """Cut the texts until the line is short enough."""
    for most in _TEXTS:
        ending = {
            name: value[:most] if isinstance(value, str) else value[:8] if isinstance(value, list) else value
            for name, value in ending.items()
        }
        if len(json.dumps(ending)) <= _LINE:
            break
    return ending


def _facts(error: BaseException) -> dict[str, Any]:
    facts: dict[str, Any] = {"types": _types(error), "message": _text(error)}
    if isinstance(error, OSError):
        facts |= {"errno": error.errno, "path": _path(error.filename)}
    if isinstance(error, ImportError):
        facts |= {"module": str(error.name or "")[:200]}
        if isinstance(error, ModuleNotFoundError) and error.name:
            facts["installed"] = _installed(error.name.partition(".")[0])
    if isinstance(error, SyntaxError):
        facts |= {
            "file": Path(error.filename or "").name,
            "line": error.lineno,
            "code": (error.text or "").strip()[:200],
        }
    return facts


def _types(error: BaseException) -> list[str]:
    """Name the exception's type and what it derives from, the nearest first."""
    return [
        one.__qualname__ if one.__module__ == "builtins" else f"{one.__module__}.{one.__qualname__}"
        for one in type(error).__mro__
        if issubclass(one, BaseException)
    ]


def _text(error: BaseException) -> str:
    try:
        return str(error).strip()[:_TEXT]
    except Exception:  # noqa: BLE001  a class of the user's own
        return ""


def _path(name: Any) -> str:
    return os.fsdecode(name)[:_TEXT] if isinstance(name, (str, bytes, os.PathLike)) else ""


def _installed(module: str) -> str:
    """Give `numpy 1.26.4` where a module's package is there and only a part of it is missing."""
    try:
        names = importlib.metadata.packages_distributions().get(module, []) if _has(module) else []
        return f"{names[0]} {importlib.metadata.version(names[0])}" if names else ""
    except (importlib.metadata.PackageNotFoundError, OSError, ValueError):
        return ""


def _has(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
