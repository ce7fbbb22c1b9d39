"""Read constraints files, so that nothing in one is ignored silently."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from jupyter_modelpack.builder.lock.requirement_line import RequirementLine, logical_lines, parse_lines, take_apart
from jupyter_modelpack.errors import PathNotFound, Unavailable, UsageError
from jupyter_modelpack.limits import CONSTRAINTS_BYTES
from jupyter_modelpack.redact import scrub

_SECONDS = 20


def constraint_lines(requirements: Sequence[str], folder: Path) -> Iterator[str]:
    """Yield the lines of the constraints files on this machine that the requirements name, and that those name."""
    for path, lines in _files(parse_lines(requirements), folder):
        for text in lines:
            check_constraint(take_apart(text), str(path))
            yield text


def constraint_files(lines: Sequence[RequirementLine], folder: Path) -> list[Path]:
    """Return the constraints files on this machine that the lines name, and those that these name."""
    return [path for path, _ in _files(lines, folder)]


def _files(lines: Sequence[RequirementLine], folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield each file with its lines."""
    waiting = [folder / place for place in _places(lines) if not is_address(place)]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop().resolve()
        if path in seen:
            continue
        seen.add(path)
        try:
            found = list(logical_lines(path.read_text("utf-8-sig").splitlines()))
        except OSError as error:
            raise PathNotFound(f"The constraints file {path} cannot be read: {error.strerror}.") from error
        yield path, found
        waiting += [path.parent / place for place in _places(parse_lines(found)) if not is_address(place)]


def check_constraint(line: RequirementLine, source: str) -> None:
    """Raise `UsageError` for an option that a constraints file cannot have, since uv ignores it."""
    other = [name for name, _ in line.options if name not in {"--hash", "--constraint"}]
    if other:
        raise UsageError(
            f"{other[0]} in the constraints file {source} is not obeyed there.",
            hint="Write it into the requirements file.",
            code="option-not-obeyed",
        )


def is_address(place: str) -> bool:
    """Whether a constraints file is named by a URL."""
    return "://" in place and not place.startswith("file:")


def without_addresses(lines: Sequence[RequirementLine]) -> list[RequirementLine]:
    """Drop the lines that name a constraints file by a URL."""
    return [line for line in lines if not any(map(is_address, _places([line])))]


def fetched_constraints(lines: Sequence[RequirementLine]) -> list[str]:
    """Fetch the constraints files that are named by a URL, and return their lines.

    Raises:
        Unavailable: one cannot be fetched.
        UsageError: one has hashes or options, which would be ignored.

    """
    found: list[str] = []
    for url in filter(is_address, _places(lines)):
        for text in logical_lines(_fetch(url).splitlines()):
            line = take_apart(text)
            check_constraint(line, scrub(url))
            if line.options:
                raise UsageError(
                    f"{line.options[0][0]} in the constraints file {scrub(url)} is not obeyed there.",
                    hint="Fetch the file and name your copy: -c constraints.txt",
                    code="option-not-obeyed",
                )
            found.append(text)
    return found


def _places(lines: Sequence[RequirementLine]) -> list[str]:
    return [value for line in lines for name, value in line.options if name == "--constraint"]


def _fetch(url: str) -> str:
    from urllib.request import Request, urlopen  # noqa: PLC0415 - hardly anybody has one

    parts = urlsplit(url)
    login, _, host = parts.netloc.rpartition("@")
    if parts.scheme not in {"http", "https"}:
        raise UsageError(
            f"{scrub(url)}: constraints are read from a file, or by http or https.", code="bad-constraints"
        )
    request = Request(urlunsplit(parts._replace(netloc=host)), headers={"User-Agent": "jupyter_modelpack"})  # noqa: S310 - looked at above
    if login:
        request.add_header("Authorization", f"Basic {base64.b64encode(unquote(login).encode()).decode()}")
    try:
        with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - as above
            data: bytes = answer.read(CONSTRAINTS_BYTES + 1)
    except OSError as error:
        raise Unavailable(
            f"The constraints file {scrub(url)} cannot be fetched: {error}.",
            hint="Fetch it by other means and name your copy: -c constraints.txt",
            code="constraints-unreachable",
            retry=True,
        ) from error
    if len(data) > CONSTRAINTS_BYTES:
        raise UsageError(f"The constraints file {scrub(url)} is too large to be one.", code="bad-constraints")
    return data.decode("utf-8-sig", "replace")
