"""Loading the entry script: its module, its init(), how its run() wants to be called."""

import importlib.machinery
import importlib.util
import inspect
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..convert.rawhttp import is_raw, is_used
from ..inference_schema import schema
from ..settings import Settings
from . import shims
from .cell_definitions import carry_in, stand_for_main

MODULE = "entry_module"
"""The name Azure ML's server gives the script's module (azure-differences.md 7.6)."""

_CHILDREN = Path(__file__).parents[1] / "children"
"""What processes that the script starts afresh find the script by."""


class EntryError(Exception):
    """The script cannot serve with any model: there is no such file, no run(), or a run() with other parameters."""


class EntryScript:
    """An entry script, ready to be called."""

    def __init__(
        self,
        init: Callable[[], Any],
        run: Callable[..., Any],
        run_batch: Callable[[list[Any]], Any] | None,
        *,
        raw: bool = False,
    ) -> None:
        self.init = init
        self.run = run
        self.load_seconds = 0.0
        self.module: types.ModuleType | None = None
        self.models: dict[str, EntryScript] = {}
        self.run_batch = run_batch
        self.raw = raw or is_raw(run)
        self.schemas = schema.describe(run)
        if self.raw and self.schemas is not None:
            raise EntryError("run() cannot be decorated with both @rawhttp and @input_schema")
        if self.run_batch is not None and self.schemas is not None:
            raise EntryError(
                "run_batch() gets what run() would get, which @input_schema takes apart: use one of the two"
            )
        self.parameters = _parameters(run, several=self.schemas is not None)
        self.wants_headers = "request_headers" in self.parameters
        inner = inspect.unwrap(run)
        self.asynchronous = inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner)
        data = [name for name in self.parameters if name != "request_headers"]
        self.data_name = data[0] if data else ""


def load(settings: Settings) -> EntryScript:
    """Import the script; init() is not called yet.

    The app root and the source directory are importable, the script's own folder only if it is one of them
    (azure-differences.md 4): a script that runs here runs in the image.
    """
    path = settings.entry_path
    _extend_path(settings)
    if not path.is_file():
        raise EntryError(f"the entry script {path} does not exist (AZUREML_ENTRY_SCRIPT={settings.entry_script!r})")
    return entry_of(_execute(path, settings.carried), path.name)


def fill(module: types.ModuleType) -> None:
    """Give `module`, a fresh process's `entry_module`, what the script defines; init() is not called.

    That is what multiprocessing does with a program's own main module.
    """
    settings = Settings.from_environment(os.environ)
    shims.install()
    _extend_path(settings)
    _run(module, settings.entry_path, settings.carried)


def _extend_path(settings: Settings) -> None:
    sys.path[:0] = [folder for folder in settings.newer_folders if folder not in sys.path]
    for folder in (*settings.import_folders, str(_CHILDREN)):
        if folder not in sys.path:
            sys.path.append(folder)


def entry_of(module: types.ModuleType, name: str) -> EntryScript:
    """Find init() and run(); a module-level `driver_module` is followed (azure-differences.md 7.6).

    Only for run(): a generated driver's run() does nothing but pass on, its init() does things of its own.
    """
    functions = {}
    for function in ("init", "run"):
        found = getattr(module, function, None)
        if not callable(found):
            raise EntryError(f"{name} defines no function {function}()")
        functions[function] = found
    driver = getattr(module, "driver_module", None)
    if isinstance(driver, types.ModuleType) and hasattr(driver, "run"):
        module = driver
    entry = EntryScript(functions["init"], module.run, getattr(module, "run_batch", None), raw=is_used())
    entry.module = module
    return entry


def find_models(entry: EntryScript) -> None:
    """Find the functions that `/score/<model>` calls: the script's dictionary `models`, which init() may have filled.

    A script that uses the name for something else, models themselves for instance, offers none.
    """
    models = getattr(entry.module, "models", None)
    if not isinstance(models, dict) or not all(isinstance(model, types.FunctionType) for model in models.values()):
        return
    if models and entry.run_batch is not None:
        raise EntryError("run_batch() and the dictionary models exclude each other")
    entry.models = {str(name): EntryScript(entry.init, function, None) for name, function in models.items()}


def _execute(path: Path, carried: str) -> types.ModuleType:
    # Compiled here and not through the import system: an edited script of equal size and time stamp would
    # be served from its old .pyc.
    loader = importlib.machinery.SourceFileLoader(MODULE, str(path))
    spec = importlib.util.spec_from_file_location(MODULE, path, loader=loader)
    if spec is None:
        raise EntryError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    _run(module, path, carried)
    return module


def _run(module: types.ModuleType, path: Path, carried: str) -> None:
    module.__file__ = str(path)
    carry_in(module, carried)
    stand_for_main(module)
    exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102  it is the user's script


def _parameters(run: Callable[..., Any], *, several: bool) -> dict[str, inspect.Parameter]:
    """Check run()'s signature: one parameter of any name, perhaps request_headers (azure-differences.md 7.3)."""
    parameters = dict(inspect.signature(run).parameters)
    for name, parameter in parameters.items():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY}:
            raise EntryError(
                f"run() cannot be called: *args, **kwargs and positional-only parameters ({name}) have no name"
            )
    if not [name for name in parameters if name != "request_headers"]:
        raise EntryError("run() takes no parameter for the data")
    required = [name for name, parameter in parameters.items() if parameter.default is parameter.empty]
    if not several and len([name for name in required if name != "request_headers"]) > 1:
        raise EntryError(f"run() takes one parameter for the data, this one wants {', '.join(required)}")
    return parameters
