"""The entry script as an importable module, for new processes that unpickle a function of it.

Workers of joblib and multiprocessing that are not forked import a function by its module's name. They inherit a
path with the folder of this file; in the service itself the name is bound to the loaded script.
"""

import importlib
import sys
from pathlib import Path


def _server() -> str:
    """Return the name of the package that this file lies in, which differs between an image and a checkout."""
    folder = Path(__file__).parents[1]
    names = [folder.name]
    while (folder := folder.parent).joinpath("__init__.py").is_file():
        names.insert(0, folder.name)
    return ".".join(names)


importlib.import_module(f"{_server()}.script.entry_script").fill(sys.modules[__name__])
