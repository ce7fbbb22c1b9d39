"""The table of error codes: what each says and what to do, read from where errors are raised."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from verb_pages import plain

from tests.error_codes import BRANCHES, Raised, raised


def text() -> str:
    """Return the sections of the page, one a class of errors."""
    found = raised()
    return "\n".join(
        line for name in _classes() for line in _section(name, [each for each in found if each.branch == name])
    )


def _classes() -> list[str]:
    """Return the names of the classes, a class before those that are made of it."""
    return sorted(BRANCHES, key=lambda name: (-1 if name == "ModelpackError" else BRANCHES[name].exit_code, name))


def _section(name: str, found: list[Raised]) -> Iterator[str]:
    kind = BRANCHES[name]
    said = (inspect.getdoc(kind) or "").partition("\n")[0]
    yield from (f"## {name}", "", f"{said} Exit code {kind.exit_code}, HTTP status {kind.http_status}.", "")
    yield from ("| code | what it says | what to do |", "|---|---|---|")
    before = ""
    if kind.code not in {each.code for each in found}:
        yield f"| {_code(kind.code)} | | |"
    for code, message, hint in dict.fromkeys((each.code, each.message, each.hint) for each in found):
        yield f"| {'' if code == before else _code(code)} | {_cell(message)} | {_cell(hint)} |"
        before = code
    yield ""


def _code(code: str) -> str:
    return f"`{code}`"


def _cell(words: str) -> str:
    return plain(" ".join(words.split()))
