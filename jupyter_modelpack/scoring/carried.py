"""What an entry script has from other cells of its notebook, and what pickles call `__main__`."""

import importlib
import sys
import types
from typing import Any


def carry_in(module: types.ModuleType, name: str) -> None:
    """Give `module` the names of the carried module `name`, before its own code runs."""
    if name:
        carried = vars(importlib.import_module(name))
        vars(module).update({key: value for key, value in carried.items() if not key.startswith("__")})


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
