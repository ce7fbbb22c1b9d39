"""The source of a function or class that a cell defined."""

from __future__ import annotations
import __future__

import ast
import inspect
import linecache
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def source_of(value: Any, cells: Sequence[str]) -> str | None:
    """Return the source, decorators included; None when it cannot be had.

    Args:
        value: A function or class of ``__main__``.
        cells: The notebook's input so far, oldest first: Python before 3.13 does not know where a class
            of a notebook was defined.

    """
    try:
        return textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError):
        texts = (*_where_its_methods_are(value), *reversed(cells))
        return next(filter(None, (_defined(value.__name__, text) for text in texts)), None)


def defers_annotations(value: Any, source: str) -> bool:
    """Whether it was compiled under ``from __future__ import annotations``, of its cell or an earlier one.

    Args:
        value: A function or class.
        source: Its source.

    """
    functions = [inspect.unwrap(value)] if not inspect.isclass(value) else [*map(_function, vars(value).values())]
    codes = [one.__code__ for one in functions if inspect.isfunction(one)]
    own = [code for code in codes if not code.co_filename.startswith("<string>")]  # what dataclasses write is not
    if own:
        return bool(own[0].co_flags & __future__.annotations.compiler_flag)
    written = {
        line.target.id: line.annotation
        for node in _body(source)
        if isinstance(node, ast.ClassDef)
        for line in node.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }
    found = vars(value).get("__annotations__") or {}
    return any(
        isinstance(found.get(name), str) and not isinstance(node, ast.Constant) for name, node in written.items()
    )


def _function(value: Any) -> Any:
    """Return the function that a class's static method, class method or property calls."""
    inner = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
    return inspect.unwrap(inner) if callable(inner) else inner


def _where_its_methods_are(value: Any) -> Iterator[str]:
    """Yield the cells that a class's methods came from; IPython keeps each cell among Python's cached lines."""
    for method in map(_function, vars(value).values()):
        if inspect.isfunction(method):
            yield "".join(linecache.getlines(method.__code__.co_filename))


def submodules(package: str, cells: Sequence[str]) -> set[str]:
    """Return what cells imported by a dotted name, which binds the package alone: ``import sklearn.svm``."""
    return {
        alias.name
        for cell in cells
        for node in _body(cell)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.asname is None and alias.name.startswith(f"{package}.")
    }


def _defined(name: str, cell: str) -> str | None:
    for node in reversed(_body(cell)):
        if isinstance(node, Definition) and node.name == name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "\n".join(cell.splitlines()[first - 1 : node.end_lineno]) + "\n"
    return None


def _body(cell: str) -> list[ast.stmt]:
    try:
        return ast.parse(cell).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the kernel could not run it either
        return []
