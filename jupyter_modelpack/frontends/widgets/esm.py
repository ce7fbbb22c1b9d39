"""The front-end code: small ES modules beside this file, joined into the one that a widget takes.

No bundler: a module imports by name from its neighbours, each is put in once, in the order of need.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("static")
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@cache
def module(name: str) -> str:
    """Return the module `name` with all that it imports, as one."""
    order: list[str] = []
    _collect(name, order)
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", _read(each))) for each in order)


@cache
def style() -> str:
    """Return the style sheet of all panels."""
    return (_FOLDER / "panel.css").read_text(encoding="utf-8")


def _collect(name: str, order: list[str]) -> None:
    for needed in _IMPORT.findall(_read(name)):
        _collect(needed, order)
    if name not in order:
        order.append(name)


@cache
def _read(name: str) -> str:
    return (_FOLDER / f"{name}.js").read_text(encoding="utf-8")
