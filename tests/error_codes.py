"""Every error that the package raises, read from its sources: code, branch, message, remedy.

``python -m tests.error_codes`` prints them as a Markdown table, one row a code; a manual's page of error codes
is made of `table()`, or compared with `codes()`, and so cannot fall behind the code.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from jupyter_modelpack import errors
from jupyter_modelpack.commands.score import ScoringFailed
from jupyter_modelpack.engine.diagnose import ServiceDied
from tests.services import CHECKOUT

PACKAGE = CHECKOUT / "jupyter_modelpack"
BRANCHES: dict[str, type[errors.ModelpackError]] = {
    name: kind
    for name, kind in [*vars(errors).items(), *((kind.__name__, kind) for kind in (ScoringFailed, ServiceDied))]
    if inspect.isclass(kind) and issubclass(kind, errors.ModelpackError)
}
"""Every error class of the package by its name."""

MODULES = 32
"""How many modules and functions are kept with what is in them: the next question is mostly of the same one."""

UNKNOWN = "…"
COPIED = "<code>"
"""The code of an error that repeats another one with more around it: it brings no code of its own."""


@dataclass(frozen=True, order=True)
class Raised:
    """One place that raises an error.

    Attributes:
        code: The error's code; ``<word>`` stands in it for a part that is known at run time only.
        branch: The error class.
        message: What it says, with ``<word>`` for what is known at run time only.
        hint: The remedy, likewise; empty where there is none.
        place: The file, relative to the package.
        line: The line in that file, from 1.
    """

    code: str
    branch: str
    message: str
    hint: str
    place: str
    line: int

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        return BRANCHES[self.branch].exit_code

    @property
    def http_status(self) -> int:
        """What the side panel's server answers with."""
        return BRANCHES[self.branch].http_status


@cache
def raised() -> list[Raised]:
    """Return every place under ``jupyter_modelpack`` that makes an error, ordered by code."""
    return sorted(
        found
        for path in PACKAGE.rglob("*.py")
        if not path.is_relative_to(PACKAGE / "scoring") and path != PACKAGE / "errors.py"
        for found in in_source(path.read_text(encoding="utf-8"), path.relative_to(PACKAGE).as_posix())
    )


def in_source(source: str, place: str) -> Iterator[Raised]:
    """Yield every place of one module that makes an error."""
    tree = ast.parse(source)
    functions = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]
    seen = set()
    for function in reversed(functions):  # inner functions before what holds them
        for call in ast.walk(function):
            if not isinstance(call, ast.Call) or id(call) in seen:
                continue
            seen.add(id(call))
            given = {word.arg: word.value for word in call.keywords}
            for branch in _branches(call.func, function):
                message = _message(call, branch, function, tree)
                hints = _text(given["hint"], function, tree) if "hint" in given else [""]
                codes = _text(given["code"], function, tree) if "code" in given else [BRANCHES[branch].code]
                for code in codes:
                    if code == COPIED:
                        continue
                    yield Raised(code, branch, " / ".join(message), " / ".join(hints), place, call.lineno)


def codes() -> list[str]:
    """Return every code that an error of this package can carry, ordered."""
    return sorted({entry.code for entry in raised()} | {kind.code for kind in BRANCHES.values()})


def table() -> str:
    """Return a Markdown table of all codes: what each says, what to do, exit code and HTTP status."""
    rows = ["| code | exit | HTTP | what it says | what to do |", "|---|---|---|---|---|"]
    found = raised()
    for code in codes():
        here = [entry for entry in found if entry.code == code]
        of_class = [kind for kind in BRANCHES.values() if kind.code == code]
        exits = {entry.exit_code for entry in here} | {kind.exit_code for kind in of_class}
        statuses = {entry.http_status for entry in here} | {kind.http_status for kind in of_class}
        cells = [
            f"`{code}`",
            ", ".join(map(str, sorted(exits))),
            ", ".join(map(str, sorted(statuses))),
            _cell(entry.message for entry in here),
            _cell(entry.hint for entry in here),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _cell(texts: Iterator[str]) -> str:
    shown = dict.fromkeys(" ".join(text.split()).replace("|", "\\|").replace("<", "&lt;") for text in texts)
    return "<br>".join(text for text in shown if text)


def _message(call: ast.Call, branch: str, function: ast.AST, tree: ast.Module) -> list[str]:
    """Return what an error says; of a class that makes its message itself, the first line of its docstring."""
    if next(iter(inspect.signature(BRANCHES[branch]).parameters)) != "message":
        return [str(inspect.getdoc(BRANCHES[branch])).partition("\n")[0]]
    return _text(call.args[0], function, tree) if call.args else [UNKNOWN]


def _branches(called: ast.expr, function: ast.AST) -> list[str]:
    """Return the error classes that a call may make: the one named, or those that a variable is chosen from."""
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    if name in BRANCHES:
        return [name]
    chosen = [value for value in _assigned(name, function) if isinstance(value, ast.IfExp)]
    sides = [side for value in chosen for side in (value.body, value.orelse)]
    return [side.id for side in sides if isinstance(side, ast.Name) and side.id in BRANCHES]


def _text(value: ast.expr, function: ast.AST, tree: ast.Module) -> list[str]:
    """Return what an expression may say; what only a running program knows is shown as ``<word>`` or an ellipsis."""
    match value:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(_part(part, function, tree) for part in parts)]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [a + b for a in _text(left, function, tree) for b in _text(right, function, tree)]
        case ast.IfExp(body=body, orelse=orelse):
            return [*_text(body, function, tree), *_text(orelse, function, tree)]
        case ast.BoolOp(values=values):
            return [text for each in values for text in _text(each, function, tree)]
        case ast.Name(id=name):
            found = _assigned(name, function) or _given(name, function, tree) or _constant(name, tree)
            texts = [text for each in found if each is not value for text in _text(each, _NOWHERE, tree)]
            return list(dict.fromkeys(texts)) or [f"<{name.strip('_')}>"]
        case ast.Attribute(attr=name):
            return [f"<{name.strip('_')}>"]
        case (
            ast.Subscript(value=inner)
            | ast.Call(args=[], func=ast.Attribute(value=inner))
            | ast.Call(args=[ast.Name() | ast.Attribute() | ast.Call() | ast.Subscript() as inner, *_])
            | ast.Call(func=ast.Attribute(value=ast.Name() as inner))  # text.removeprefix("...")
        ):
            return _text(inner, _NOWHERE, tree)
        case _:
            return [UNKNOWN]


def _part(part: ast.expr, function: ast.AST, tree: ast.Module) -> str:
    if isinstance(part, ast.FormattedValue):
        if isinstance(part.value, ast.Name):
            constant = next(iter(_constant(part.value.id, tree)), None)
            return str(constant.value) if isinstance(constant, ast.Constant) else f"<{part.value.id.strip('_')}>"
        said = _text(part.value, function, tree)
        return said[0] if len(said) == 1 else UNKNOWN
    return "".join(_text(part, function, tree))


def _assigned(name: str, scope: ast.AST) -> list[ast.expr]:
    """Return what is assigned to a plain name in a function, or at the top of a module."""
    return _assignments(scope).get(name, [])


@lru_cache(MODULES)
def _assignments(scope: ast.AST) -> dict[str, list[ast.expr]]:
    nodes = scope.body if isinstance(scope, ast.Module) else ast.walk(scope)
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for name in dict.fromkeys(target.id for target in node.targets if isinstance(target, ast.Name)):
                found.setdefault(name, []).append(node.value)
    return found


def _constant(name: str, tree: ast.Module) -> list[ast.expr]:
    """Return what a module's constant holds, its own or one that it imports."""
    if (module := _imports(tree).get(name)) is not None:
        path = CHECKOUT.joinpath(*module.split(".")).with_suffix(".py")
        return _assigned(name, _parsed(path)) if path.is_file() else []
    return _assigned(name, tree)


@lru_cache(MODULES)
def _imports(tree: ast.Module) -> dict[str, str]:
    """Return which module each imported name is from, by the first import of it."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for known in node.names:
                found.setdefault(known.asname or known.name, str(node.module))
    return found


@lru_cache(MODULES)
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _given(name: str, function: ast.AST, tree: ast.Module) -> list[ast.expr]:
    """Return what the module's own calls of a function give for one of its parameters."""
    if not isinstance(function, ast.FunctionDef):
        return []
    names = [argument.arg for argument in function.args.args]
    named = [*names, *(argument.arg for argument in function.args.kwonlyargs)]
    if name not in named:
        return []
    found = []
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == function.name:
            by_place = dict(zip(names, call.args, strict=False))
            by_name = {word.arg: word.value for word in call.keywords}
            found += [given for given in (by_name.get(name, by_place.get(name)),) if given is not None]
    return found


_NOWHERE = ast.Pass()

if __name__ == "__main__":
    print(table())
