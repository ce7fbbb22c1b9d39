"""Provide what an entry script uses of other cells of its notebook, also to pickles, which call it `__main__`."""

import __future__

import ast
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any


def carry_in(module: types.ModuleType, name: str) -> None:
    """Run the carried cells `name` in `module`, before its own code.

    They share its globals, as they did in the notebook: what one of them assigns by `global`, or the script
    at its top, all of them see. A line `from __future__ import annotations` holds for the statement behind it,
    for cells with it and without lie side by side.
    """
    if not name:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    flags = 0
    for statement in ast.parse(Path(spec.origin).read_bytes(), spec.origin).body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            flags = __future__.annotations.compiler_flag
            continue
        code = compile(ast.Module([statement], []), spec.origin, "exec", flags, dont_inherit=True)
        exec(code, vars(module))  # noqa: S102 - it is the user's code
        flags = 0


def stand_for_main(module: types.ModuleType) -> None:
    """Let names that `__main__` lacks be found in `module`.

    A model that was pickled in a notebook names its own classes as `__main__.Scaler`; here `__main__` is this
    server, and the script is where its author would look for them.
    """

    def look(name: str) -> Any:
        if name.startswith("__") or name not in vars(module):
            raise AttributeError(f"module '__main__' has no attribute {name!r}")
        return vars(module)[name]

    vars(sys.modules["__main__"])["__getattr__"] = look
