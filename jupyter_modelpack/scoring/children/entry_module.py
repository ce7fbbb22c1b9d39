"""The entry script under its module's name, for processes that begin afresh and were handed a function of it.

joblib's workers and multiprocessing's, where they are not forked, import a function by the name of its module. The
folder of this file is on the path that they take over; in a service itself the name is the script, loaded.
"""

import importlib
import sys
from pathlib import Path


def _server() -> str:
    """Give the name of the package that this file lies in, which differs between an image and a checkout."""
    folder = Path(__file__).parents[1]
    names = [folder.name]
    while (folder := folder.parent).joinpath("__init__.py").is_file():
        names.insert(0, folder.name)
    return ".".join(names)


importlib.import_module(f"{_server()}.script.entry_script").fill(sys.modules[__name__])
