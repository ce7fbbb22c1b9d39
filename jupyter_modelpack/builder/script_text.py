"""Read an entry script as Python does: encoding, text, syntax tree.

As in the service, a byte order mark is dropped and a coding line (PEP 263) obeyed. A script that cannot be parsed is an
error here, for all callers.
"""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
from pathlib import Path

from jupyter_modelpack.builder.recipe import AppSource
from jupyter_modelpack.errors import PathNotFound, UsageError

_MARK = "\ufeff"
_IPYTHON = re.compile(r"^[!%?]|^\w+(?:\s*,\s*\w+)*\s*=\s*[!%]|^[\w.]+\?{1,2}$")
_INSTALLED = re.compile(r"^[!%](?:\{?[\w.]*\}?\s+-m\s+)?(?:uv\s+)?(?:pip3?|conda|mamba)\s+install\s+(.*)")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def script_bytes(source: AppSource) -> bytes:
    """Return the entry script as it ships.

    Raises:
        PathNotFound: it does not exist any more.

    """
    if source.content is not None:
        return source.content
    path = Path(source.folder or "", source.entry_script)
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PathNotFound(f"The entry script {path} does not exist.") from error


def decoded(data: bytes, name: str) -> str:
    """Return the text of a script.

    Raises:
        UsageError: it cannot be decoded.

    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError) as error:
        raise _invalid(data, name, error) from error


def parsed(data: bytes, name: str) -> ast.Module:
    """Return the syntax tree of a script.

    Args:
        data: The script.
        name: The script's name in messages.

    Raises:
        UsageError: it is no valid Python, or nested too deeply for Python to read.

    """
    try:
        return ast.parse(data, name)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _invalid(data, name, error) from error


def encoded(text: str, name: str) -> bytes:
    """Return a notebook cell as the bytes of a file: in UTF-8, or in the encoding that its coding line names.

    Raises:
        UsageError: that encoding is unknown, or has no such character.

    """
    text = text.removeprefix(_MARK)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(text.encode("utf-8", "surrogatepass")).readline)
        return text.encode(encoding)
    except (SyntaxError, UnicodeEncodeError) as error:
        raise UsageError(
            f"{name} cannot be written as its coding line says: {error}.",
            hint="Take the coding line away: a cell is UTF-8.",
            code="entry-script-encoding",
        ) from error


def _invalid(data: bytes, name: str, error: BaseException) -> UsageError:
    prefix = "" if getattr(error, "lineno", None) else f"{name}: "
    hint = ""
    if line := _line_of_ipython(data, error):
        return UsageError(
            f"{name}, line {error.lineno}: {line[:80]!r} is for IPython, and a service runs plain Python.",  # type: ignore[attr-defined]
            hint=_without_ipython(line),
            code="entry-script-syntax",
        )
    if data.startswith(_UTF16):
        prefix, error = "", ValueError(f"{name} is in UTF-16, which Python does not read")
        hint = "Save it as UTF-8."
    elif isinstance(error, UnicodeError) or "unicode error" in str(error) or "decode" in str(error):
        hint = "Save it as UTF-8, or name its encoding in the first line: # -*- coding: latin-1 -*-"
    elif isinstance(error, RecursionError | MemoryError):
        hint = "Split its longest expression into several statements: Python cannot compile it, here or in the service."
    return UsageError(
        f"{prefix}{error}. Please check it and try local deployment to verify.", hint=hint, code="entry-script-syntax"
    )


def _line_of_ipython(data: bytes, error: BaseException) -> str:
    """Return the line of a syntax error where it is a magic, a shell command or a question to IPython; else nothing."""
    lines, at = data.decode("utf-8", "replace").splitlines(), getattr(error, "lineno", None) or 0
    line = lines[at - 1].strip() if 0 < at <= len(lines) else ""
    return line if _IPYTHON.search(line) else ""


def _without_ipython(line: str) -> str:
    installed = _INSTALLED.search(line)
    if installed:
        words = [word for word in installed[1].split() if not word.startswith("-")]
        if words and not {"-r", "-e", "-c"} & set(installed[1].split()):
            return f"Take the line out: what the service needs is named above the cell, --pip {' '.join(words)}"
        return "Take the line out: what the service needs is named above the cell, by --pip or --requirements."
    return "Take the line out of the script: it can stand in a cell of its own."
