"""The lines of a requirements file, made to stand alone.

Included files are read in, relative paths made absolute, and the packages of Azure's that our own
server stands in for are left out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from jupyter_modelpack.errors import PathNotFound, UsageError
from jupyter_modelpack.workspace.text_file import read_text

_log = logging.getLogger(__name__)

STOOD_IN_FOR = frozenset(
    {
        "azureml-contrib-services",
        "azureml-core",
        "azureml-dataset-runtime",
        "azureml-defaults",
        "azureml-inference-server-http",
        "azureml-model-management-sdk",
        "azureml-sdk",
    }
)
_INCLUDE = re.compile(r"(?:-r|--requirement)(?:\s*=\s*|\s+|(?<=-r))(?P<path>\S.*)")
_CONSTRAINT = re.compile(r"(?:-c|--constraint)(?:\s*=\s*|\s+|(?<=-c))(?P<path>\S.*)")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s*=\s*|\s+)(?P<path>\.\S*)")
_LINKS = re.compile(r"(?:-f|--find-links)(?:\s*=\s*|\s+|(?<=-f))(?P<path>\S.*)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_COMMENT = re.compile(r"(^|\s+)#.*$")


def stand_alone(lines: Sequence[str], folder: Path | None) -> tuple[str, ...]:
    """Return the lines that a resolver needs; relative paths are read below `folder`.

    Raises:
        PathNotFound: a file that a line names is not there.
        UsageError: a file includes itself.

    """
    return tuple(dict.fromkeys(_lines(lines, (folder or Path()).absolute(), ())))


def _lines(lines: Sequence[str], folder: Path, above: tuple[Path, ...]) -> Iterator[str]:
    for line in _logical(lines):
        included = _INCLUDE.fullmatch(line)
        if included:
            path = _existing(folder, included["path"], line)
            if path in above:
                raise UsageError(f"{path} includes itself.", code="bad-requirements")
            yield from _lines(read_text(path, "requirements file").splitlines(), path.parent, (*above, path))
        elif _name(line) in STOOD_IN_FOR:
            _log.info("%s is left out: jupyter_modelpack brings its own scoring server.", line)
        else:
            yield _absolute(line, folder)


def _logical(lines: Sequence[str]) -> Iterator[str]:
    joined = ""
    for line in (part for text in lines for part in text.splitlines()):
        joined += _COMMENT.sub("", line)
        if joined.endswith("\\"):
            joined = joined[:-1]
            continue
        if joined.strip():
            yield joined.strip()
        joined = ""
    if joined.strip():
        yield joined.strip()


def _absolute(line: str, folder: Path) -> str:
    for option, pattern in (("-c", _CONSTRAINT), ("-e", _EDITABLE), ("--find-links", _LINKS)):
        found = pattern.fullmatch(line)
        if found and "://" not in found["path"]:
            return f"{option} {_existing(folder, found['path'], line)}"
    if line.startswith(("./", "../")):
        path, _, rest = line.partition(" ")
        return " ".join(filter(None, [str(_existing(folder, path, line)), rest]))
    return line


def _existing(folder: Path, name: str, line: str) -> Path:
    path = Path(folder, name.strip().strip("\"'")).resolve()
    if not path.exists():
        raise PathNotFound(f"The requirement {line!r} names {path}, which does not exist.")
    return path


def _name(line: str) -> str:
    found = _NAME.match(line)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""
