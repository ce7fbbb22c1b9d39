"""What an entry script must look like, found without running it.

azure-differences.md 4 for names and syntax. "Do better": a missing `run`, or an `init` that cannot be
called, is found before the build.
"""

from __future__ import annotations

import ast
import keyword
import shlex
import sys
from collections.abc import Iterator
from pathlib import PurePath

from jupyter_modelpack.builder.script_text import parsed
from jupyter_modelpack.errors import UsageError

Function = ast.FunctionDef | ast.AsyncFunctionDef


def check_name(path: str) -> None:
    """Raise `UsageError`, as Azure words it, when `path` cannot be imported as a module."""
    name = PurePath(path)
    if name.suffix != ".py":
        raise UsageError(
            "Invalid driver type. Currently only Python drivers are supported.",
            hint=f"The entry script is a .py file. A model is named by --model: --model {shlex.quote(path)}",
        )
    if not name.stem.isidentifier() or keyword.iskeyword(name.stem):
        raise UsageError(
            f'Error, invalid name "{name.stem}" for provided entry script. The script must be importable as a valid '
            "python module, and its name can only contain letters, digits and underscores."
        )
    if name.stem in sys.stdlib_module_names:
        raise UsageError(
            f"The entry script {name.name} has the name of a module of Python's own, and would stand in its place "
            "in the service.",
            hint="Rename it: score.py, for example.",
            code="entry-script-shadows",
        )


def check_source(source: bytes, name: str) -> None:
    """Raise `UsageError` naming the line when the script cannot be parsed, or lacks `run` or `init`."""
    bound = dict(_bound(parsed(source, name).body))
    if "*" in bound or "driver_module" in bound:  # run comes from elsewhere, where we cannot look
        return
    for wanted, example in (("init", "def init(): ..."), ("run", "def run(data): ...")):
        if wanted not in bound:
            raise UsageError(
                f"{name} defines no {wanted}().", hint=f"Add one: {example}", code=f"entry-script-no-{wanted}"
            )
    _check_init(bound["init"], name)
    _check_run(bound["run"], name)


def bound_names(tree: ast.Module) -> set[str]:
    """Return the names that a script binds when it is loaded."""
    return {name for name, _ in _bound(tree.body)}


def _bound(body: list[ast.stmt]) -> Iterator[tuple[str, ast.AST]]:
    """Yield the names that a module binds, with what binds them, in the order of its lines; branches count."""
    waiting = [*reversed(body)]  # no recursion: a chain of a thousand `elif` is a thousand levels
    while waiting:
        match node := waiting.pop():
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    yield (alias.asname or alias.name.partition(".")[0]), node
            case ast.Assign():
                for target in node.targets:
                    yield from ((name.id, node) for name in ast.walk(target) if isinstance(name, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node
            case ast.If() | ast.Try() | ast.With() | ast.For() | ast.While():
                handlers = [line for handler in getattr(node, "handlers", []) for line in handler.body]
                inner = [*node.body, *getattr(node, "orelse", []), *getattr(node, "finalbody", []), *handlers]
                waiting += reversed(inner)
            case _:
                pass


def _check_init(node: ast.AST, name: str) -> None:
    if isinstance(node, Function) and not node.decorator_list and _required(node.args):
        raise UsageError(
            f"{name}, line {node.lineno}: init() is called without arguments, and this one needs "
            f"{', '.join(_required(node.args))}.",
            code="entry-script-init",
        )


def _check_run(node: ast.AST, name: str) -> None:
    if not isinstance(node, Function) or node.decorator_list:
        return
    arguments = node.args
    if not (arguments.args or arguments.posonlyargs or arguments.vararg):
        raise UsageError(
            f"{name}, line {node.lineno}: run() takes no argument, and it is called with the request's data.",
            hint="Write def run(data): ...",
            code="entry-script-run",
        )


def _required(arguments: ast.arguments) -> list[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = positional[: len(positional) - len(arguments.defaults)]
    needed += [one for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    return [one.arg for one in needed]
