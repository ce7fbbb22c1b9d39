"""The lines of a requirements file, made to stand alone.

Included files are read in, relative paths made absolute, and the packages of Azure's that our own
server stands in for are left out. What pip takes there is taken, or refused by its name.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jupyter_modelpack.builder.lock.constraints import is_address
from jupyter_modelpack.builder.lock.requirement_line import (
    ARCHIVES,
    PATHS,
    RequirementLine,
    logical_lines,
    split_extras,
    split_marker,
    take_apart,
)
from jupyter_modelpack.catalog.text_file import read_text
from jupyter_modelpack.errors import PathNotFound, UsageError
from jupyter_modelpack.redact import scrub

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
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_REQUIRE = "--require-hashes"


def stand_alone(lines: Sequence[str], folder: Path | None) -> tuple[str, ...]:
    """Return the lines that a resolver needs; relative paths are read below `folder`.

    Raises:
        PathNotFound: a file that a line names is not there.
        UsageError: a file includes itself, or a line is no requirement, or has an option that is not obeyed.

    """
    return tuple(dict.fromkeys(_lines(lines, (folder or Path()).absolute(), ())))


def _lines(lines: Sequence[str], folder: Path, above: tuple[Path, ...]) -> Iterator[str]:
    for text in logical_lines(lines):
        line = take_apart(text)
        if line.wanted and _name(line.wanted) in STOOD_IN_FOR:
            _log.info("%s is left out: jupyter_modelpack brings its own scoring server.", line.wanted)
            if line.hashes:  # that it asks for hashes stays
                yield _REQUIRE
        elif line.wanted:
            yield " ".join([_requirement(line.wanted, folder, text), *_hashes(line)])
        else:
            yield from _options(line, folder, above, text)


def _options(line: RequirementLine, folder: Path, above: tuple[Path, ...], text: str) -> Iterator[str]:
    for option, value in line.options:
        if option == "--requirement":
            path = _included(folder, value, text)
            if path in above:
                raise UsageError(f"{path} includes itself.", code="bad-requirements")
            yield from _lines(read_text(path, "requirements file").splitlines(), path.parent, (*above, path))
        elif option == "--editable":
            yield f"-e {_place(value, folder, text)}"
        elif option in PATHS and not is_address(value):
            path = _existing(folder, value.removeprefix("file://"), text)
            yield f"{'-c' if option == '--constraint' else option} {path}"
        else:
            yield f"{'-c' if option == '--constraint' else option} {value}".strip()


def _hashes(line: RequirementLine) -> list[str]:
    return [f"--hash=sha256:{digest}" for digest in sorted(line.hashes)]


def _included(folder: Path, value: str, text: str) -> Path:
    if is_address(value):
        raise UsageError(
            "-r among the requirements names an address, and files alone are read there.",
            hint="Fetch it and name your copy: -r more.txt",
            code="option-not-obeyed",
        )
    return _existing(folder, value, text)


def _requirement(wanted: str, folder: Path, text: str) -> str:
    """Return a requirement with its path, if it is one, made absolute."""
    place, _ = split_marker(wanted)
    if _is_path(place, folder):
        return _place(wanted, folder, text)
    try:
        Requirement(wanted)
    except InvalidRequirement as error:
        if "://" in wanted or wanted.startswith("git+"):  # an address alone, which uv reads
            return wanted
        raise _no_requirement(wanted, error) from error
    return wanted


def _is_path(place: str, folder: Path) -> bool:
    """Whether pip would take it for a path: it begins as one, or a folder or archive of that name is there."""
    if "://" in place or " @ " in place:
        return False
    if place.startswith((".", "/")):
        return True
    bare = split_extras(place)[0]
    return ("/" in place and (folder / bare).exists()) or (
        bare.endswith(ARCHIVES) and ("/" in bare or (folder / bare).is_file())
    )


def _place(given: str, folder: Path, text: str) -> str:
    """Return a path, with its extras and marker, absolute; an address is left as it is."""
    if "://" in given or given.startswith("git+"):
        return given
    place, marker = split_marker(given)
    whole = Path(folder, place.strip("\"'"))
    bare, extras = (place, "") if whole.exists() else split_extras(place)
    return f"{_existing(folder, bare, text)}{extras}" + (f" ; {marker}" if marker else "")


def _no_requirement(wanted: str, error: InvalidRequirement) -> UsageError:
    parts = [part for part in re.split(r"[,\s]+", wanted) if part]
    if len(parts) > 1 and all(map(_is_requirement, parts)):
        each = ", ".join(repr(part) for part in parts[:3])
        return UsageError(
            f"{wanted!r} is {len(parts)} requirements in one.",
            hint=f"Write each on its own: {each}; on a command line or above a cell, --pip once for each.",
            code="bad-requirements",
        )
    return UsageError(
        f"{wanted!r} is no requirement: {str(error).splitlines()[0].strip()}.",
        hint="Write it as pip does: scikit-learn, scikit-learn==1.5.2, ./folder or ./package.whl",
        code="bad-requirements",
    )


def _is_requirement(text: str) -> bool:
    try:
        return bool(Requirement(text))
    except InvalidRequirement:
        return False


def _existing(folder: Path, name: str, line: str) -> Path:
    path = Path(folder, name.strip().strip("\"'")).resolve()
    if not path.exists():
        raise PathNotFound(f"The requirement {scrub(line)!r} names {path}, which does not exist.")
    return path


def _name(line: str) -> str:
    found = _NAME.match(line)
    return canonicalize_name(found[0]) if found else ""
